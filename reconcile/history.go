package reconcile

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"reconciler/engine"
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
	Verb       engine.Verb `json:"verb,omitempty"`
	Cause      plan.Cause  `json:"cause,omitempty"`
	Outcome    Outcome     `json:"outcome,omitempty"`
	Reason     plan.Reason `json:"reason,omitempty"`
	Trigger    Trigger     `json:"trigger,omitempty"`
	Actor      string      `json:"actor,omitempty"`
	Message    string      `json:"message,omitempty"`
	Error      string      `json:"error,omitempty"`
	Took       string      `json:"took,omitempty"` // a Go duration
}

// What History holds, in bytes.
const (
	historySize = 4 << 20 // of all events together
	maxText     = 2 << 10 // of each text of an event; what is beyond is cut off
)

// History keeps the newest events in memory, in the order in which they were
// recorded: so many, and 4 MiB of them at most. It is a Recorder; its methods
// may be called by any number of goroutines.
type History struct {
	boot string

	mu      sync.Mutex
	ring    []Entry
	total   int // how many were ever kept; the next goes to ring[total%len(ring)]
	gone    int // how many of them are kept no longer
	size    int // of what is kept, in bytes
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
	n := h.entry(e)
	for h.total-h.gone > 0 && (h.total-h.gone == len(h.ring) || h.size+n.size() > historySize) {
		h.drop()
	}
	h.ring[h.total%len(h.ring)] = n
	h.size += n.size()
	h.total++
	close(h.changed)
	h.changed = make(chan struct{})
}

// drop gives up the oldest entry; the caller holds h.mu.
func (h *History) drop() {
	oldest := &h.ring[h.gone%len(h.ring)]
	h.size -= oldest.size()
	*oldest = Entry{}
	h.gone++
}

// size is about what the entry takes, as it is and as JSON.
func (n Entry) size() int {
	return 512 + len(n.Project) + len(n.Service) + len(n.Container) + len(n.Actor) + len(n.Message) + len(n.Error)
}

// clip is the text, and if it is too long its beginning, which says so.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes more)", strings.ToValidUTF8(text[:maxText], ""), len(text)-maxText)
}

func (h *History) entry(e Event) Entry {
	n := Entry{
		ID: h.boot + "-" + strconv.Itoa(h.total+1), Time: e.Time, Kind: e.Kind, Project: clip(e.Project),
		Service: clip(e.Service), Container: clip(e.Container), Generation: e.Generation, Verb: e.Verb, Cause: e.Cause,
		Outcome: e.Outcome, Reason: e.Reason, Trigger: e.Trigger, Actor: clip(e.Actor), Message: clip(e.Message),
	}
	if e.Err != nil {
		n.Error = clip(e.Err.Error())
	}
	if e.Took != 0 {
		n.Took = e.Took.Round(time.Microsecond).String()
	}
	return n
}

// Since returns what was kept after the entry of that ID, oldest first; an
// empty id: everything that is kept; but of that so many at most. gap reports
// that some of it is kept no longer, or that the ID isn't of this run: then
// everything is meant too.
func (h *History) Since(id string, most int) (entries []Entry, gap bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := h.gone
	if id != "" {
		seen, ours := h.number(id)
		gap = !ours || seen < h.gone
		if !gap {
			from = seen
		}
	}
	for i := from; i < h.total && i-from < most; i++ {
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
