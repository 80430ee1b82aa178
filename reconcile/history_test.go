package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ids are the IDs since that one, and "gap" before them where there is one.
func ids(h *History, since string) string {
	entries, gap := h.Since(since)
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
	if entries, _ := h.Since("b-4"); entries[0].Service != "s5" || h.Last() != "b-5" {
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
	h.Record(Event{Time: at, Kind: KindAction, Project: "p", Service: "web", Container: "p-web-1", Generation: 3, Verb: "start", Cause: "exited",
		Outcome: OutcomeError, Reason: "Acting", Trigger: TriggerDrift, Actor: "file", Message: "m", Err: errors.New("no"), Took: 1500 * time.Millisecond})
	got, _ := h.Since("")
	want := []Entry{{ID: "b-1", Time: at, Kind: KindAction, Project: "p", Service: "web", Container: "p-web-1", Generation: 3, Verb: "start", Cause: "exited",
		Outcome: OutcomeError, Reason: "Acting", Trigger: TriggerDrift, Actor: "file", Message: "m", Error: "no", Took: "1.5s"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
