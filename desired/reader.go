package desired

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"reconciler/desired/desk"
)

// reader reads one file again and again. A reading that gets no answer is left
// to its goroutine: there is one at most for what the name is now, another one
// for it after a minute, and maxLeft in all.
type reader struct {
	path     string
	patience time.Duration

	mu   sync.Mutex // held for moments
	left []*attempt
}

const (
	maxLeft  = 8
	tryAgain = time.Minute
)

// attempt is one reading under way.
type attempt struct {
	since time.Time
	at    string // what the name was; empty: not known yet
}

// attempt reads the file. Errors: of read, ErrBlocked.
func (r *reader) attempt() (content, error) {
	a := &attempt{since: time.Now()}
	if !r.begin(a, "") {
		return content{}, r.blocked()
	}
	type reading struct {
		c   content
		err error
	}
	done := make(chan reading, 1)
	go func() {
		got := reading{err: r.blocked()}
		if r.begin(a, whereabouts(r.path)) {
			got.c, got.err = read(r.path)
		}
		r.end(a) // before the next one begins
		done <- got
	}()
	timer := time.NewTimer(r.patience)
	defer timer.Stop()
	select {
	case got := <-done:
		return got.c, got.err
	case <-timer.C:
		return content{}, r.blocked()
	}
}

func (r *reader) blocked() error { return desk.Blocked("read "+r.path, r.patience) }

// begin notes what the attempt reads, and reports whether it may.
func (r *reader) begin(a *attempt, at string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := slices.Contains(r.left, a)
	if !known && len(r.left) >= maxLeft {
		return false
	}
	for _, b := range r.left {
		if b != a && time.Since(b.since) < tryAgain && (b.at == "" || b.at == at) {
			return false
		}
	}
	if a.at = at; !known {
		r.left = append(r.left, a)
	}
	return true
}

func (r *reader) end(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = slices.DeleteFunc(r.left, func(b *attempt) bool { return b == a })
}

// whereabouts tells what the name is now, without following it.
func whereabouts(path string) string {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err.Error()
	}
	link, _ := os.Readlink(path) // no link leads nowhere
	return fmt.Sprint(st.Dev, st.Ino, link)
}
