package app

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What waits to be written: this much, or it is lost. lineCost is what a line
// costs beside its bytes.
const (
	maxBacklog = 1 << 20
	lineCost   = 64
)

// backlog writes lines to somebody who may not read them: a pipe that is full,
// a terminal that was stopped, a disk without space. Writing to it never waits
// for him. What he doesn't take waits; when too much does, the oldest lines
// are lost and counted, and once he reads again he is told how many and of
// which time. It may be used by any number of goroutines.
type backlog struct {
	to     io.Writer
	notice atomic.Pointer[func(text string) []byte] // makes the line that tells of a loss
	now    func() time.Time
	more   chan struct{} // something waits, or nothing will any more
	ended  chan struct{} // all is written that will be
	cut    bool          // the last write ended in the middle of a line; belongs to run

	mu      sync.Mutex // never held while anything is written
	waiting []entry
	size    int
	lost    loss
	total   int64 // how many were ever lost
	closed  bool
}

type entry struct {
	at   time.Time
	line []byte
}

// loss is lines that nobody will read. The zero value: none.
type loss struct {
	lines       int64
	first, last time.Time
	why         string
}

// startBacklog begins to write to w. close ends it.
func startBacklog(w io.Writer) *backlog {
	b := &backlog{to: w, now: time.Now, more: make(chan struct{}, 1), ended: make(chan struct{})}
	b.tellLossBy(func(text string) []byte { return []byte(text + "\n") })
	go b.run()
	return b
}

// Write keeps the lines to be written. It never fails and never waits.
func (b *backlog) Write(lines []byte) (int, error) {
	e := entry{b.now(), slices.Clone(lines)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.lose(e.at, "it was closed")
		return len(lines), nil
	}
	b.waiting = append(b.waiting, e)
	b.size += len(lines) + lineCost
	for b.size > maxBacklog {
		b.lose(b.next().at, "nobody was reading")
	}
	b.wake()
	return len(lines), nil
}

// tellLossBy sets how a loss is told.
func (b *backlog) tellLossBy(notice func(text string) []byte) { b.notice.Store(&notice) }

// dropped is how many lines were lost so far.
func (b *backlog) dropped() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

// close takes no more, and waits until what waits is written, but for no
// longer than that. What comes later is lost, and counted.
func (b *backlog) close(within time.Duration) {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wake()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-b.ended:
	case <-late.C:
	}
}

func (b *backlog) wake() {
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// run writes one line after the other, for as long as that takes.
func (b *backlog) run() {
	defer close(b.ended)
	for {
		e, told, closed := b.take()
		switch {
		case e.line != nil:
			b.write(e, told)
		case closed:
			return
		default:
			<-b.more
		}
	}
}

// take returns the line to be written next, without bytes if there is none,
// and what was lost before it.
func (b *backlog) take() (e entry, told loss, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 {
		e = b.next()
		told, b.lost = b.lost, loss{}
	}
	return e, told, b.closed
}

// write writes the line behind the word of what was lost before it. What can't
// be written is lost, and told with the next line.
func (b *backlog) write(e entry, told loss) {
	line := e.line
	if told.lines > 0 {
		line = slices.Concat((*b.notice.Load())(told.String()), line)
	}
	if b.cut {
		line = slices.Concat([]byte("\n"), line)
	}
	n, err := b.to.Write(line)
	b.cut = n < len(line) && (n > 0 || b.cut)
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	later := b.lost
	b.lost = told
	b.lose(e.at, "writing it failed: "+err.Error())
	b.lost = b.lost.and(later)
}

// next takes the oldest line; the caller holds b.mu.
func (b *backlog) next() entry {
	e := b.waiting[0]
	b.waiting[0] = entry{} // let go of its bytes
	b.waiting = b.waiting[1:]
	b.size -= len(e.line) + lineCost
	return e
}

// lose counts one line as lost; the caller holds b.mu.
func (b *backlog) lose(at time.Time, why string) {
	b.lost = b.lost.and(loss{1, at, at, why})
	b.total++
}

// and is both losses, of which other is the later one.
func (l loss) and(other loss) loss {
	switch {
	case l.lines == 0:
		return other
	case other.lines == 0:
		return l
	}
	return loss{l.lines + other.lines, l.first, other.last, other.why}
}

// String tells of the loss.
func (l loss) String() string {
	lines := "lines of the log were"
	if l.lines == 1 {
		lines = "line of the log was"
	}
	const layout = "2006-01-02T15:04:05.000Z07:00"
	return fmt.Sprintf("%d %s lost between %s and %s, as %s", l.lines, lines, l.first.Format(layout), l.last.Format(layout), l.why)
}
