package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"reconciler/internal/rendering"
)

// TestALargeAnswerGivesBackItsRoom: the second one finds what the first one took.
func TestALargeAnswerGivesBackItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := large{press: rendering.New(1), status: http.StatusOK, kind: typeText, fill: func(w io.Writer) (rendering.Made, error) {
			_, err := io.WriteString(w, "all there is")
			return rendering.Made{}, err
		}}
		for range 2 {
			answer := httptest.NewRecorder()
			conclude(answer, httptest.NewRequest("GET", "/", nil), one, nil)
			if answer.Code != http.StatusOK || answer.Body.String() != "all there is" {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
		}
	})
}

// TestALogThatFindsNoStreamKeepsNoPlace among those that are followed: once
// streams have ended there are as many as ever.
func TestALogThatFindsNoStreamKeepsNoPlace(t *testing.T) {
	s := newServer(withContainers(t).options)
	for range maxStreams {
		if _, err := s.places.stream(); err != nil {
			t.Fatal(err)
		}
	}
	for range maxFollowed + 1 {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/v1/services/web/logs?follow=true", strings.NewReader(""))
		r.Host = "localhost"
		s.serve(open, answer, r)
		if p := problemOf(t, answer); p.Status != http.StatusServiceUnavailable || p.Type != "too_many_streams" {
			t.Fatalf("%+v", p)
		}
	}
}
