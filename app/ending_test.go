package app

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

func TestWhatDoesNotEndIsNamedAndEnded(t *testing.T) {
	var said bytes.Buffer
	gone := make(chan struct{}, 1)
	e := &ending{out: startBacklog(&said), within: time.Millisecond, exit: func() { gone <- struct{}{} }}
	ctx, told := context.WithCancel(t.Context())
	e.due(ctx)
	e.due(ctx) // the end comes once
	hang, began := make(chan struct{}), make(chan struct{})
	defer close(hang)
	go func() {
		_ = e.during(ctx, "the loop", func() []string { return []string{"stop p-web-1"} }, func(context.Context) error {
			close(began)
			<-hang
			return nil
		})
	}()
	<-began
	later := make(chan struct{})
	go func() { // is told to end after that
		_ = e.during(t.Context(), "looking", nil, func(context.Context) error { close(later); <-hang; return nil })
	}()
	<-later
	if err := e.during(ctx, "the doors", nil, func(context.Context) error { return errors.New("mine") }); err == nil || err.Error() != "mine" {
		t.Errorf("%v", err)
	}
	select {
	case <-gone:
		t.Fatal("nobody told it to end")
	default:
	}
	told()
	<-gone
	want := "reconciler could not end within 1ms of being told to; still under way: the loop (stop p-web-1). It ends all the same; the containers stay as they are\n"
	if said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}

// What is blocked may hold the lock that the one who tells of it needs.
func TestTheEndWaitsForNobodyWhoTellsOfIt(t *testing.T) {
	t.Parallel() // it waits more than it works
	gone := make(chan struct{}, 1)
	e := &ending{out: startBacklog(newStopped()), within: time.Millisecond, exit: func() { gone <- struct{}{} }}
	ctx, told := context.WithCancel(t.Context())
	e.due(ctx)
	hang, began := make(chan struct{}), make(chan struct{})
	defer close(hang)
	go func() {
		_ = e.during(ctx, "the loop", func() []string { <-hang; return nil }, func(context.Context) error { close(began); <-hang; return nil })
	}()
	<-began
	told()
	<-gone
}

func TestAnEndThatComesByItselfIsNotForced(t *testing.T) {
	e := &ending{out: startBacklog(&bytes.Buffer{}), within: time.Hour, exit: func() { t.Error("it was forced") }}
	ctx, told := context.WithCancel(t.Context())
	e.due(ctx)
	e.ended()
	told()
	e.begin() // whether the other call has come by now or not
	if e.late != nil {
		t.Error("it is due after it was over")
	}
}
