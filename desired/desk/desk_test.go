package desk

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Who was told that it isn't done must be right.
func TestWhatWasGivenUpIsNotCommittedAnyMore(t *testing.T) {
	d := New(20 * time.Millisecond)
	release, late := make(chan struct{}), make(chan error, 1)
	var committed error
	err := d.Do("wait", func(w *Work) {
		<-release
		committed = w.Commit()
	}, func() { late <- committed })
	if !errors.Is(err, ErrBlocked) || strings.Contains(err.Error(), "known") {
		t.Errorf("got %v, want ErrBlocked: it isn't made", err)
	}
	close(release)
	if err := <-late; !errors.Is(err, ErrGivenUp) {
		t.Errorf("it committed: %v", err)
	}
}

func TestAPanicIsTheCallers(t *testing.T) {
	d := New(30 * time.Second)
	defer func() {
		if got := recover(); got != "oops" {
			t.Errorf("recovered %v", got)
		}
		if err := d.Do("the next", func(*Work) {}, nil); err != nil {
			t.Error(err)
		}
	}()
	_ = d.Do("panic", func(*Work) { panic("oops") }, nil)
}
