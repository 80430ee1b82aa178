package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// stopped is a reader who reads nothing before he is let go.
type stopped struct {
	entered chan struct{} // a write began
	let     chan struct{} // closed: it may end
	bytes.Buffer
}

func newStopped() *stopped {
	return &stopped{entered: make(chan struct{}, 1<<20), let: make(chan struct{})}
}

func (s *stopped) Write(p []byte) (int, error) {
	s.entered <- struct{}{}
	<-s.let
	return s.Buffer.Write(p)
}

const patience = time.Minute // a bound against hanging, nothing that is measured

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	var read bytes.Buffer
	b := startBacklog(&read)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(b, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	b.close(patience)
	if read.String() != want.String() || b.dropped() != 0 {
		t.Errorf("%d lost, read %q", b.dropped(), read.String())
	}
}

func TestWhoReadsAgainHearsHowManyLinesWereLostAndReadsTheNewest(t *testing.T) {
	s := newStopped()
	b := startBacklog(s)
	at := time.Unix(1_700_000_000, 0).UTC()
	b.now = func() time.Time { at = at.Add(time.Second); return at }
	fmt.Fprintln(b, "first")
	<-s.entered
	line := strings.Repeat("x", 1000) + "\n"
	const more = 5000 // far more than is kept
	for range more {
		if n, err := b.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	lost := b.dropped()
	kept := int64(maxBacklog / (len(line) + lineCost))
	if lost != more-kept {
		t.Errorf("%d of %d were lost, and %d have room", lost, more, kept)
	}
	close(s.let)
	b.close(patience)
	first, last := time.Unix(1_700_000_002, 0).UTC(), time.Unix(1_700_000_001+lost, 0).UTC()
	want := fmt.Sprintf("first\n%d lines of the log were lost between %s.000Z and %s.000Z, as nobody was reading\n", lost,
		first.Format("2006-01-02T15:04:05"), last.Format("2006-01-02T15:04:05")) + strings.Repeat(line, int(kept))
	if got := s.String(); got != want {
		t.Errorf("read %.300q…, want %.300q…", got, want)
	}
}

func TestTheEndWaitsForNoReader(t *testing.T) {
	s := newStopped()
	b := startBacklog(s)
	b.now = func() time.Time { return time.Unix(0, 0).UTC() }
	fmt.Fprintln(b, "first")
	<-s.entered
	fmt.Fprintln(b, "second")
	b.close(time.Millisecond)
	select {
	case <-b.ended:
		t.Error("it was read")
	default:
	}
	fmt.Fprintln(b, "after the end")
	if b.dropped() != 1 {
		t.Errorf("%d lost, want what came after the end, and nothing that waited", b.dropped())
	}
	close(s.let)
	<-b.ended
	want := "first\n1 line of the log was lost between 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:00.000Z, " +
		"as it was closed\nsecond\n"
	if got := s.String(); got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

// full is a disk on which there is no space after some bytes.
type full struct {
	room int
	bytes.Buffer
}

func (f *full) Write(p []byte) (int, error) {
	n := min(f.room, len(p))
	f.room -= n
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func TestWhatCouldNotBeWrittenIsToldOnceItCan(t *testing.T) {
	f := &full{room: len("first\nsec")}
	b := &backlog{to: f, now: func() time.Time { return time.Unix(0, 0).UTC() }, more: make(chan struct{}, 1), ended: make(chan struct{})}
	b.tellLossBy(func(text string) []byte { return []byte("lost: " + text + "\n") })
	step := func(line string) { // what run does, one line at a time
		_, _ = io.WriteString(b, line)
		e, told, _ := b.take()
		b.write(e, told)
	}
	for _, line := range []string{"first\n", "second\n", "third\n"} {
		step(line)
	}
	if b.dropped() != 2 {
		t.Errorf("%d lost, want 2", b.dropped())
	}
	f.room = 1000
	step("fourth\n")
	step("fifth\n")
	want := "first\nsec\nlost: 2 lines of the log were lost between 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:00.000Z, " +
		"as writing it failed: no space left on device\nfourth\nfifth\n"
	if got := f.String(); got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

// A line of the log's own form, so that whoever parses it can.
func TestALossIsToldInTheFormOfTheLog(t *testing.T) {
	for format, want := range map[string]string{
		"console": "\tWARN\twarning\t{\"message\": \"1 line of the log was lost between",
		"json":    `"msg":"warning","message":"1 line of the log was lost between`,
	} {
		s := newStopped()
		b := startBacklog(s)
		l, err := newLogger(b, format, "error")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(b, "first")
		<-s.entered
		_, _ = b.Write(make([]byte, maxBacklog)) // too long to be kept
		l.zap.Error("second")
		close(s.let)
		b.close(patience)
		if got := s.String(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", format, got)
		}
	}
}
