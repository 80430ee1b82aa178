package app

import (
	"fmt"
	"sync/atomic"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"reconciler/reconcile"
)

// supervisor tells systemd how this process is, where systemd asked for it
// (sd_notify(3)); elsewhere all of it is a no-op. It may be used by any number
// of goroutines.
type supervisor struct {
	warn     func(string) // of what could not be told
	watchdog bool
	begun    atomic.Bool
	turn     chan struct{} // held while systemd is being told
	failed   atomic.Bool   // the last time
}

// notifyWait is how long systemd may take to be told: its socket's queue may be
// full.
const notifyWait = time.Second

// newSupervisor fails if the watchdog would end a process that works: the loop
// shows that it works every reconcile.TickEvery, and must be allowed to be late.
func newSupervisor(warn func(string)) (*supervisor, error) {
	interval, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return nil, &InputError{fmt.Errorf("the environment of systemd's watchdog: %w", err)}
	}
	if least := 2 * reconcile.TickEvery; interval != 0 && interval < least {
		return nil, &InputError{fmt.Errorf("the watchdog of the unit (WatchdogSec=%s) is too short: the loop shows every %s that it works; write WatchdogSec=%s or more",
			interval, reconcile.TickEvery, least)}
	}
	return &supervisor{warn: warn, watchdog: interval != 0, turn: make(chan struct{}, 1)}, nil
}

// ready says that a reload is over.
func (s *supervisor) ready() { s.notify(sd.SdNotifyReady) }

// reloading says that everything is being read again; ready ends it.
func (s *supervisor) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		s.warn(fmt.Sprintf("the monotonic clock can't be read: %v", err))
		return
	}
	s.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", sd.SdNotifyReloading, now.Nano()/int64(time.Microsecond)))
}

// stopping says that the end has begun.
func (s *supervisor) stopping() { s.notify(sd.SdNotifyStopping) }

// ticked says that the start is over, the first time, and feeds the watchdog.
// Only the loop calls it, when it has worked: a loop that stands still is what
// the watchdog is for.
func (s *supervisor) ticked() {
	if !s.begun.Swap(true) {
		s.ready()
	}
	if s.watchdog {
		s.notify(sd.SdNotifyWatchdog)
	}
}

// notify tells systemd, for as long as notifyWait. What goes wrong is a warning,
// the first of several in a row.
func (s *supervisor) notify(state string) {
	err := s.send(state)
	if again := s.failed.Swap(err != nil); err != nil && !again {
		s.warn(fmt.Sprintf("systemd could not be told: %v", err))
	}
}

var errDeaf = fmt.Errorf("it does not read its socket within %s", notifyWait)

func (s *supervisor) send(state string) error {
	late := time.NewTimer(notifyWait)
	defer late.Stop()
	select {
	case s.turn <- struct{}{}:
	case <-late.C: // it is still being told of something else
		return errDeaf
	}
	sent := make(chan error, 1)
	go func() {
		defer func() { <-s.turn }()
		_, err := sd.SdNotify(false, state)
		sent <- err
	}()
	select {
	case err := <-sent:
		return err
	case <-late.C:
		return errDeaf
	}
}
