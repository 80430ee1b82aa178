package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// ids are the IDs since that one, and "gap" before them where there is one.
func ids(h *History, since string) string {
	entries, gap := h.Since(since, 100)
	var all []string
	if gap {
		all = append(all, "gap")
	}
	for _, e := range entries {
		all = append(all, e.ID)
	}
	return strings.Join(all, " ")
}

func TestHistoryTellsWhatCameSince(t *testing.T) {
	h := NewHistory("b", 3)
	if got := ids(h, ""); got != "" || h.Last() != "b-0" {
		t.Errorf("at first: %q, last %s", got, h.Last())
	}
	for i := range 5 {
		h.Record(Event{Kind: KindDrift, Service: fmt.Sprint("s", i+1)})
		h.Record(Event{Kind: KindDecided}) // is not kept
		h.Record(Event{Kind: KindResynced})
	}
	for since, want := range map[string]string{
		"":           "b-3 b-4 b-5",
		"b-5":        "",
		"b-4":        "b-5",
		"b-2":        "b-3 b-4 b-5", // the oldest that is kept is the next
		"b-1":        "gap b-3 b-4 b-5",
		"b-0":        "gap b-3 b-4 b-5",
		"b-6":        "gap b-3 b-4 b-5", // not yet
		"a-4":        "gap b-3 b-4 b-5", // of another run
		"b-":         "gap b-3 b-4 b-5",
		"b--1":       "gap b-3 b-4 b-5",
		"nonsense\n": "gap b-3 b-4 b-5",
	} {
		if got := ids(h, since); got != want {
			t.Errorf("since %q: %q, want %q", since, got, want)
		}
	}
	if entries, _ := h.Since("b-4", 100); entries[0].Service != "s5" || h.Last() != "b-5" {
		t.Errorf("the newest is %+v", entries[0])
	}
}

func TestHistoryWakesWhoWaits(t *testing.T) {
	h := NewHistory("b", 3)
	changed := h.Changed()
	h.Record(Event{Kind: KindDecided})
	select {
	case <-changed:
		t.Error("woken for what is not kept")
	default:
	}
	h.Record(Event{Kind: KindDrift})
	<-changed
}

func TestAnEntryIsTheWholeEvent(t *testing.T) {
	h := NewHistory("b", 1)
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	h.Record(Event{
		Time: at, Kind: KindAction, Project: "p", Service: "web", Container: "p-web-1", Generation: 3, Verb: "start", Cause: "exited",
		Outcome: OutcomeError, Reason: "Acting", Trigger: TriggerDrift, Actor: "file", Message: "m", Err: errors.New("no"), Took: 1500 * time.Millisecond,
	})
	got, _ := h.Since("", 100)
	want := []Entry{{
		ID: "b-1", Time: at, Kind: KindAction, Project: "p", Service: "web", Container: "p-web-1", Generation: 3, Verb: "start", Cause: "exited",
		Outcome: OutcomeError, Reason: "Acting", Trigger: TriggerDrift, Actor: "file", Message: "m", Error: "no", Took: "1.5s",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestHistoryHasABoundInBytes records what a file of a megabyte of mistakes
// says of itself, again and again: as many as are kept were 986 MB for a reader.
func TestHistoryHasABoundInBytes(t *testing.T) {
	h := NewHistory("b", 1000)
	long := strings.Repeat("line 1, column 1: é is no state; ", 30_000)
	for i := range 3000 {
		h.Record(Event{Kind: KindStateRejected, Project: long, Service: long, Container: long, Actor: long, Message: fmt.Sprint(i, " ", long), Err: errors.New(long)})
	}
	entries, _ := h.Since("", 10_000)
	told, err := json.Marshal(entries)
	if err != nil || len(told) > historySize || len(entries) < 100 || h.size > historySize {
		t.Errorf("%d events are %d bytes, and are taken for %d: %v", len(entries), len(told), h.size, err)
	}
	if newest := entries[len(entries)-1]; newest.ID != "b-3000" || !strings.HasPrefix(newest.Message, "2999 line 1") ||
		!strings.HasSuffix(newest.Message, " bytes more)") || !utf8.ValidString(newest.Message) {
		t.Errorf("the newest is %.300q", newest.Message)
	}
	if got := ids(h, "b-1"); !strings.HasPrefix(got, "gap "+entries[0].ID) {
		t.Errorf("since the first: %.40s", got)
	}
	for i := range 1000 { // short ones find all the places again
		h.Record(Event{Kind: KindDrift, Service: fmt.Sprint("s", i)})
	}
	if entries, _ := h.Since("", 10_000); len(entries) != 1000 || entries[0].Service != "s0" {
		t.Errorf("%d short events are kept, from %s", len(entries), entries[0].Service)
	}
}

func TestHistoryIsToldAFewAtATime(t *testing.T) {
	h := NewHistory("b", 5)
	for i := range 7 {
		h.Record(Event{Kind: KindDrift, Service: fmt.Sprint("s", i+1)})
	}
	for since, want := range map[string]string{"": "b-3 b-4", "b-1": "b-3 b-4", "b-4": "b-5 b-6", "b-6": "b-7", "b-7": ""} {
		entries, _ := h.Since(since, 2)
		var got []string
		for _, e := range entries {
			got = append(got, e.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("two since %q: %v, want %s", since, got, want)
		}
	}
}
