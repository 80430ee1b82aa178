package settled

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reconciler/desired/desk"
)

// A reading that gets no answer is left to its goroutine: there is one at most
// for what the name is now, another one for it after a minute, and maxLeft in
// all.
const (
	maxLeft  = 8
	tryAgain = time.Minute
)

// attempt is one reading under way.
type attempt struct {
	since time.Time
	at    string // what the name was; empty: not known yet
}

// Read reads the file, and counts nothing of it. Errors: those of the function
// Read, desk.ErrBlocked.
func (f *File) Read() (Reading, error) {
	a := &attempt{since: time.Now()}
	if !f.begin(a, "") {
		return Reading{}, f.blocked()
	}
	type answer struct {
		r   Reading
		err error
	}
	done := make(chan answer, 1)
	go func() {
		got := answer{err: f.blocked()}
		if f.begin(a, whereabouts(f.Path)) {
			got.r, got.err = Read(f.Path, f.Limit)
		}
		f.end(a) // before the next one begins
		done <- got
	}()
	timer := time.NewTimer(f.Patience)
	defer timer.Stop()
	select {
	case got := <-done:
		return got.r, got.err
	case <-timer.C:
		return Reading{}, f.blocked()
	}
}

func (f *File) blocked() error { return desk.Blocked("read "+f.Path, f.Patience) }

// begin notes what the attempt reads, and reports whether it may.
func (f *File) begin(a *attempt, at string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := slices.Contains(f.left, a)
	if !known && len(f.left) >= maxLeft {
		return false
	}
	for _, b := range f.left {
		if b != a && time.Since(b.since) < tryAgain && (b.at == "" || b.at == at) {
			return false
		}
	}
	if a.at = at; !known {
		f.left = append(f.left, a)
	}
	return true
}

func (f *File) end(a *attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = slices.DeleteFunc(f.left, func(b *attempt) bool { return b == a })
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
