package app

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"reconciler/config"
)

// Process is a process that is there for the daemon alone: nobody has to read
// what it says, its signals are heard, its memory is kept within what the cgroup
// has, and it ends whatever is blocked.
type Process struct {
	out     *backlog
	end     *ending
	hangups chan os.Signal // the SIGHUPs since it was owned; many in a row are one
	libs    io.Writer      // where libraries logged to before
}

// Own makes this process one, from now on. What it says goes to out; when ctx
// has ended and the process hasn't, some time later, exit ends it, and doesn't
// return. Close comes last: what the process does with signals and where
// libraries log to is then as before, but that SIGPIPE goes on ending nothing.
func Own(ctx context.Context, out io.Writer, exit func()) *Process {
	// First of all, and before systemd is told that it may send one: a SIGHUP that
	// nobody hears ends the process.
	p := &Process{hangups: make(chan os.Signal, 1)}
	signal.Notify(p.hangups, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE) // who reads our output may go: that ends nothing
	// Nobody may read what we say: then that waits, and nothing else does.
	p.out, p.libs = startBacklog(out), log.Writer()
	log.SetOutput(p.out)
	p.end = &ending{out: p.out, within: endsWithin, exit: exit}
	p.end.due(ctx)
	return p
}

// Write says something: it never fails and never waits.
func (p *Process) Write(lines []byte) (int, error) { return p.out.Write(lines) }

// Close says that everything has ended, waits a moment for somebody to read what
// was said, and gives the process back.
func (p *Process) Close() {
	p.end.ended()
	log.SetOutput(p.libs)
	p.out.close(lastWords)
	signal.Stop(p.hangups)
}

// Run runs the daemon by these settings until ctx ends.
func (p *Process) Run(ctx context.Context, conf config.Config, version string) error {
	memory := limitMemory()
	var a *App
	err := p.end.during(ctx, "the start", nil, func(context.Context) (err error) {
		a, err = New(conf, Options{Version: version, Log: p.out, process: p})
		return err
	})
	if err != nil {
		return err
	}
	defer a.Close()
	doc := a.store.Snapshot().Document
	fmt.Fprintf(p, "reconciler %s: project %s, %d services, %s\n", version, doc.Project, len(doc.Services), a.address())
	fmt.Fprintf(p, "memory: %s\n", memory)
	if err := a.Run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(p, "reconciler ended; the containers stay as they are")
	return nil
}
