package client

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestMessagesAreReadAsTheStandardSays(t *testing.T) {
	stop := errors.New("enough")
	for _, c := range []struct {
		stream string
		want   []Message
		err    error
	}{
		{"data: a\ndata:b\ndata\n\n", []Message{{Data: "a\nb\n"}}, errEnded},
		{"id: 1\r\nevent: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []Message{{"1", "x", "a"}, {"1", "", "b"}}, errEnded},
		{": only a comment\n\nretry: 5\n\nid: 4\n\ndata: c\n\n", []Message{{"4", "", "c"}}, errEnded},
		{"data: without an end\n", nil, errEnded},
		{"data: stop\n\ndata: more\n\n", []Message{{Data: "stop"}}, stop},
	} {
		var got []Message
		lines := 0
		err := readMessages(strings.NewReader(c.stream), func() { lines++ }, func(m Message) error {
			got = append(got, m)
			if m.Data == "stop" {
				return stop
			}
			return nil
		})
		if !slices.Equal(got, c.want) || !errors.Is(err, c.err) || lines == 0 {
			t.Errorf("%q: %q, %v after %d lines; want %q, %v", c.stream, got, err, lines, c.want, c.err)
		}
	}
	if err := readMessages(strings.NewReader("data: "+strings.Repeat("x", 2<<20)), func() {}, nil); err == nil || errors.Is(err, errEnded) {
		t.Errorf("a line without end: %v", err)
	}
}
