package reconcile

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"reconciler/reconcile/plan"
)

// Entry is an Event as history tells it. Its JSON form is public (docs/http.md);
// what doesn't apply is left out. It is a value.
type Entry struct {
	ID         string      `json:"id"`
	Time       time.Time   `json:"time"`
	Kind       Kind        `json:"kind"`
	Project    string      `json:"project,omitempty"`
	Service    string      `json:"service,omitempty"`
	Container  string      `json:"container,omitempty"`
	Generation int64       `json:"generation,omitempty"`
	Verb       plan.Verb   `json:"verb,omitempty"`
	Cause      plan.Cause  `json:"cause,omitempty"`
	Outcome    Outcome     `json:"outcome,omitempty"`
	Reason     plan.Reason `json:"reason,omitempty"`
	Trigger    Trigger     `json:"trigger,omitempty"`
	Actor      string      `json:"actor,omitempty"`
	Message    string      `json:"message,omitempty"`
	Error      string      `json:"error,omitempty"`
	Took       string      `json:"took,omitempty"` // a Go duration
}

// History keeps the newest events in memory, in the order in which they were
// recorded. It is a Recorder; its methods may be called by any number of
// goroutines.
type History struct {
	boot string

	mu      sync.Mutex
	ring    []Entry
	total   int // how many were ever kept; the next goes to ring[total%len(ring)]
	changed chan struct{}
}

var _ Recorder = (*History)(nil)

// NewHistory returns a History of at most size events, at least one. boot tells
// the IDs of this run of the program from those of any other.
func NewHistory(boot string, size int) *History {
	return &History{boot: boot, ring: make([]Entry, max(1, size)), changed: make(chan struct{})}
}

// Record implements Recorder. What happens all the time even if nothing changes
// (KindDecided, KindResynced) is not kept.
func (h *History) Record(e Event) {
	if e.Kind == KindDecided || e.Kind == KindResynced {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring[h.total%len(h.ring)] = h.entry(e)
	h.total++
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *History) entry(e Event) Entry {
	n := Entry{ID: h.boot + "-" + strconv.Itoa(h.total+1), Time: e.Time, Kind: e.Kind, Project: e.Project,
		Service: e.Service, Container: e.Container, Generation: e.Generation, Verb: e.Verb, Cause: e.Cause,
		Outcome: e.Outcome, Reason: e.Reason, Trigger: e.Trigger, Actor: e.Actor, Message: e.Message}
	if e.Err != nil {
		n.Error = e.Err.Error()
	}
	if e.Took != 0 {
		n.Took = e.Took.Round(time.Microsecond).String()
	}
	return n
}

// Since returns what was kept after the entry of that ID, oldest first; an
// empty id: everything that is kept. gap reports that some of it is kept no
// longer, or that the ID isn't of this run: then everything is returned too.
func (h *History) Since(id string) (entries []Entry, gap bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	oldest := max(0, h.total-len(h.ring)) // how many are kept no longer
	from := oldest
	if id != "" {
		seen, ours := h.number(id)
		gap = !ours || seen < oldest
		from = max(oldest, seen)
		if gap {
			from = oldest
		}
	}
	for i := from; i < h.total; i++ {
		entries = append(entries, h.ring[i%len(h.ring)])
	}
	return entries, gap
}

// number is the count in an ID, and whether it can be one of this run.
func (h *History) number(id string) (int, bool) {
	text, ours := strings.CutPrefix(id, h.boot+"-")
	n, err := strconv.Atoi(text)
	return n, ours && err == nil && n >= 0 && n <= h.total
}

// Last returns the ID of the newest entry, or one that stands for "nothing
// yet": what is recorded from now on is Since it.
func (h *History) Last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.boot + "-" + strconv.Itoa(h.total)
}

// Changed returns a channel that is closed when the next entry is kept. Ask for
// it before reading.
func (h *History) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}
