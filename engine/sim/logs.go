package sim

import (
	"context"
	"fmt"
	"slices"

	"reconciler/engine"
)

// journalLines is how many lines are kept of a container; older ones are gone.
const journalLines = 1000

// journal is what a container's process wrote, and what befell it.
type journal struct {
	lines     []string
	gone      int // how many lines there were before these
	followers []*follower
}

// follower is somebody who reads a journal. Its lines are counted from the
// container's beginning.
type follower struct {
	next  int
	until int  // where it ends, once it is over
	over  bool // nothing more is to come
}

func (j *journal) end() int { return j.gone + len(j.lines) }

// after returns the lines that the follower has not seen, and goes past them.
func (j *journal) after(f *follower) []string {
	end := j.end()
	if f.over {
		end = f.until
	}
	from := min(max(f.next, j.gone), end)
	f.next = end
	return slices.Clone(j.lines[max(from-j.gone, 0):max(end-j.gone, 0)])
}

// write adds a line; the caller holds e.mu.
func (e *Engine) write(c *box, line string) {
	c.log.lines = append(c.log.lines, line)
	if surplus := len(c.log.lines) - journalLines; surplus > 0 {
		c.log.lines = slices.Delete(c.log.lines, 0, surplus)
		c.log.gone += surplus
	}
	e.wrote.Broadcast()
}

// begun is the beginning of a process.
func (e *Engine) begun(c *box) {
	e.write(c, "started")
	for _, line := range c.spec.Says {
		e.write(c, line)
	}
}

// ended is the end of a process, and of what follows it.
func (e *Engine) ended(c *box) {
	e.write(c, fmt.Sprintf("exited with code %d", c.ExitCode))
	for _, f := range c.log.followers {
		f.over, f.until = true, c.log.end()
	}
	c.log.followers = nil
}

// Print is a line that the container's process writes.
func (e *Engine) Print(ref, line string) {
	e.must(ref, func(c *box) { e.write(c, line) })
}

// Logs implements engine.Engine. The log holds what the process was told to
// write, and its life: that it started, and with what code it ended.
func (e *Engine) Logs(ctx context.Context, id string, opt engine.LogOptions, deliver func([]byte) error) error {
	if err := e.enter(ctx, "logs", id); err != nil {
		return err
	}
	defer e.mu.Unlock()
	c := e.lookup(id)
	switch {
	case c == nil:
		return fmt.Errorf("logs %s: %w", id, engine.ErrNotFound)
	case c.State == engine.StateDead || c.State == engine.StateRemoving:
		return fmt.Errorf("logs %s: %w: it is %s", id, engine.ErrConflict, c.State)
	case c.spec.Mute:
		return fmt.Errorf("logs %s: %w: log driver %q", id, engine.ErrInvalid, "none")
	}
	end := c.log.end()
	f := &follower{next: end - max(opt.Tail, 0), until: end, over: !opt.Follow || !c.State.Alive()}
	if !f.over {
		c.log.followers = append(c.log.followers, f)
		defer c.unfollow(f)
	}
	defer context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.wrote.Broadcast()
	})()
	for {
		lines := c.log.after(f)
		over := f.over
		e.mu.Unlock()
		err := deliverAll(lines, deliver)
		e.mu.Lock()
		if err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("logs %s: %w", id, ctx.Err())
		case e.faults.down:
			return fmt.Errorf("logs %s: the engine closed the stream: %w", id, engine.ErrUnavailable)
		case over:
			return nil
		case f.next == c.log.end() && !f.over:
			e.wrote.Wait()
		}
	}
}

// deliverAll delivers lines, a long one in pieces.
func deliverAll(lines []string, deliver func([]byte) error) error {
	for _, line := range lines {
		for chunk := range slices.Chunk([]byte(line+"\n"), 32<<10) {
			if err := deliver(chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

// unfollow forgets who has had enough; the caller holds e.mu.
func (c *box) unfollow(f *follower) {
	c.log.followers = slices.DeleteFunc(c.log.followers, func(other *follower) bool { return other == f })
}
