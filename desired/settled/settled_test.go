package settled

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// soon is how long a test waits for what must happen before it gives up.
const soon = 30 * time.Second

// What is in a file at first, and what somebody makes of it.
const old, edited = "old\n", "edited\n"

// laid lays a file down, and returns its folder and path.
func laid(t *testing.T, text string) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

func followed(path string) *File {
	return &File{Path: path, Limit: 1 << 10, Patience: soon, Now: time.Now}
}

// scene is a file that counts with old in it, and a clock that a test turns by
// hand. Whatever isn't bad is good.
type scene struct {
	*File
	t      *testing.T
	now    time.Time
	judged []string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	_, path := laid(t, old)
	s := &scene{File: followed(path), t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	s.Now = func() time.Time { return s.now }
	r, err := s.Read()
	if !s.Judge(r, err, s.judge) {
		t.Error("that it is good is no news")
	}
	s.counts(old, "")
	return s
}

func (s *scene) judge(src []byte) error {
	s.judged = append(s.judged, string(src))
	if strings.HasPrefix(string(src), "bad") {
		return errors.New("it is bad")
	}
	return nil
}

// write changes the file in place.
func (s *scene) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.Path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// settles looks at the file, holds it to count after that, and looks again
// then. It reports whether that was news.
func (s *scene) settles(after time.Duration) (news bool) {
	s.t.Helper()
	r, err := s.Read()
	if fresh, wait := s.Settle(r, err); fresh || wait != after {
		s.t.Errorf("%q counts after %s: %v, want %s", r.Bytes, wait, fresh, after)
	}
	s.now = s.now.Add(after)
	for range 2 { // it stays to be judged until it is
		if fresh, wait := s.Settle(r, err); !fresh || wait != 0 {
			s.t.Errorf("%q is judged then: %v, it counts after another %s", r.Bytes, fresh, wait)
		}
	}
	return s.Judge(r, err, s.judge)
}

// counts holds the file to have nothing new in it, and to be what it is.
func (s *scene) counts(good, problem string) State {
	s.t.Helper()
	if fresh, wait := s.Settle(s.Read()); fresh || wait != 0 {
		s.t.Errorf("there is something new: %v, after %s", fresh, wait)
	}
	is := s.State()
	said := ""
	if is.Problem != nil {
		said = is.Problem.Error()
	}
	if string(is.Good) != good || !strings.HasPrefix(said, problem) || (said == "") != (problem == "") || is.Since.IsZero() != (problem == "") {
		s.t.Errorf("good is %q, the problem %q since %s; want %q and %q", is.Good, said, is.Since, good, problem)
	}
	return is
}

func TestABadFileLeavesWhatWasGood(t *testing.T) {
	s := newScene(t)
	s.write("bad\n")
	if !s.settles(time.Second) {
		t.Error("that it is bad is no news")
	}
	since := s.counts(old, "it is bad").Since
	s.write("bad too\n")
	if s.settles(time.Second) {
		t.Error("the same is told twice")
	}
	if now := s.counts(old, "it is bad"); now.Since != since {
		t.Errorf("it is bad since %s, was %s", now.Since, since)
	}
	if err := os.Remove(s.Path); err != nil {
		t.Fatal(err)
	}
	if !s.settles(time.Second) {
		t.Error("that it is gone is no news")
	}
	if now := s.counts(old, "there is no file "+s.Path); now.Since != since || !errors.Is(now.Problem, fs.ErrNotExist) {
		t.Errorf("it is bad since %s, was %s: %v, want fs.ErrNotExist", now.Since, since, now.Problem)
	}
	if err := os.Mkdir(s.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	if !s.settles(time.Second) {
		t.Error("that it is a directory is no news")
	}
	s.counts(old, s.Path+" is a directory")
	if err := os.Remove(s.Path); err != nil {
		t.Fatal(err)
	}
	s.write(old)
	if !s.settles(100 * time.Millisecond) {
		t.Error("that it is mended is no news")
	}
	s.counts(old, "")
	s.write(edited)
	if !s.settles(time.Second) {
		t.Error("what is new and good is no news")
	}
	s.counts(edited, "")
	if got := strings.Join(s.judged, ""); got != old+"bad\nbad too\n"+edited {
		t.Errorf("judged was %q", got)
	}
}

func TestWhatWasGoodToAnEarlierProcessIsNotJudged(t *testing.T) {
	_, path := laid(t, "bad\n")
	s := &scene{File: followed(path), t: t}
	s.Restore([]byte("bad\n"))
	r, err := s.Read()
	s.Judge(r, err, s.judge)
	if s.counts("bad\n", ""); len(s.judged) > 0 {
		t.Errorf("judged was %q", s.judged)
	}
	_, path = laid(t, "")
	s = &scene{File: followed(path), t: t}
	r, err = s.Read()
	s.Judge(r, err, s.judge)
	if got := s.counts("", "").Good; got == nil || len(s.judged) != 1 {
		t.Errorf("an empty file was judged %d times, and good is %#v", len(s.judged), got)
	}
}

func TestWhatIsNotTheFilesFaultIsJudgedAgain(t *testing.T) {
	s := newScene(t)
	s.write(edited)
	s.settles(time.Second)
	s.Again()
	s.settles(time.Second)
	s.write("bad\n")
	s.settles(time.Second)
	r, err := s.Read()
	s.Judge(r, err, func([]byte) error { s.Again(); return errors.New("no room") })
	s.settles(time.Second)
	s.counts(edited, "it is bad")
}

// What is written to it then is written in place, and not moved here.
func TestAnotherFileWithTheSameTextIsTheOneThatIsKnownThen(t *testing.T) {
	s := newScene(t)
	if err := move(filepath.Dir(s.Path), s.Path, old); err != nil {
		t.Fatal(err)
	}
	s.counts(old, "")
	s.write(edited)
	s.settles(time.Second)
	s.counts(edited, "")
}

func TestWhatTheCallerWroteIsGoodAndNotJudged(t *testing.T) {
	s := newScene(t)
	if err := move(filepath.Dir(s.Path), s.Path, "bad\n"); err != nil {
		t.Fatal(err)
	}
	r, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	s.Wrote([]byte("bad\n"), r)
	s.counts("bad\n", "")
	s.Wrote([]byte("bad\n"), r) // without another look in between
	s.write(edited)             // in place
	s.settles(time.Second)
	s.counts(edited, "")
	if got := strings.Join(s.judged, ""); got != old+edited {
		t.Errorf("judged was %q", got)
	}
}
