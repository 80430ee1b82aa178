package archtest

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/locks.md anew")

func TestNothingIsRecordedWrittenOrReadUnderALock(t *testing.T) {
	prog, err := LoadProgram("../../cmd/reconciler")
	if err != nil {
		t.Fatal(err)
	}
	held := Held(prog)
	if len(held) < 10 {
		t.Fatalf("only %d locks were found, so nothing is proven", len(held))
	}
	for _, finding := range broken(locks, held) {
		t.Error(finding)
	}
}

func TestTheTableOfTheLocksIsTheOneThatIsHeld(t *testing.T) {
	const doc, begin, end = "../../docs/locks.md", "<!-- Generated: go test ./internal/archtest -run Locks -update -->\n\n", "\n<!-- End of what is generated -->\n"
	src, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(src), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", doc)
	}
	want := before + begin + table(locks) + end + after
	if *update {
		if err := os.WriteFile(doc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(src) {
		t.Errorf("%s is not what the rows say; write it anew with -update", doc)
	}
}

// What must be found under a lock, and what comes near and must not.
const underLocks = `package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

type recorder interface{ Record(string) }

type logger struct{}

func (logger) Record(text string) { fmt.Fprintln(os.Stderr, text) }

type store struct {
	mu     sync.Mutex
	told   recorder
	hook   func()
	sync_  func()
	now    func() time.Time
	events chan int
	once   sync.Once
	other  sync.RWMutex
	quiet  sync.Mutex
}

func (s *store) directly() { s.mu.Lock(); os.Remove("x"); s.mu.Unlock() }
func (s *store) deep()     { s.other.RLock(); defer s.other.RUnlock(); s.held() }
func (s *store) held()     { s.told.Record("x") }
func (s *store) take() error {
	s.mu.Lock()
	if s.events == nil {
		s.mu.Unlock()
		return os.ErrInvalid
	}
	return nil
}
func (s *store) afterTake() {
	if err := s.take(); err != nil {
		return
	}
	defer s.mu.Unlock()
	s.events <- 1
}
func (s *store) hooked(given func()) { s.mu.Lock(); defer s.mu.Unlock(); given(); s.sync_() }
func (s *store) begun()              { s.once.Do(func() { time.Sleep(1) }) }
func (s *store) nested()             { s.mu.Lock(); s.other.Lock(); s.other.Unlock(); s.mu.Unlock() }

// None of this is under a lock, or is anything but computing.
func (s *store) near(b *strings.Builder) func() {
	s.quiet.Lock()
	if b == nil {
		s.quiet.Unlock()
		os.Remove("x")
		return nil
	}
	fmt.Fprintf(b, "%v", s.now())
	select {
	case s.events <- 1:
	default:
	}
	go os.Remove("x")
	for range 2 {
		if s.hook != nil {
			break
		}
	}
	later := func() { os.Remove("x") }
	s.quiet.Unlock()
	later()
	return func() { os.Remove("x") }
}

func main() {
	s := &store{told: logger{}, now: time.Now}
	s.sync_ = func() { os.Remove("x") }
	s.directly()
	s.deep()
	s.afterTake()
	s.hooked(nil)
	s.begun()
	s.nested()
	s.near(nil)()
}
`

func TestWhatHappensUnderALockIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module reconciler\n\ngo 1.26\n", "cmd/x/main.go": underLocks} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	prog, err := LoadProgram(filepath.Join(dir, "cmd/x"))
	if err != nil {
		t.Fatal(err)
	}
	got := broken([]lock{
		{name: "cmd/x.store.other", may: []may{{"files", "why not"}, {"network", "stale"}}},
		{name: "cmd/x.store.quiet"},
		{name: "cmd/x.store.once"},
		{name: "cmd/x.gone.mu"},
	}, Held(prog))
	want := []string{
		"cmd/x.gone.mu: has a row, and is no lock of the program",
		"cmd/x.store.mu: is a lock without a row in internal/archtest/locks.go; say there what it keeps, and who waits for it",
		"cmd/x.store.mu: while it is held, main.store.afterTake: waits",
		"cmd/x.store.mu: while it is held, main.store.directly: files",
		"cmd/x.store.mu: while it is held, main.store.hooked: calls given",
		"cmd/x.store.mu: while it is held, main.store.nested: takes cmd/x.store.other",
		"cmd/x.store.once: while it is held, main.store.begun: waits",
		"cmd/x.store.other: its row allows what never happens: network",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLocksThatAreTakenInACircleAreFound(t *testing.T) {
	got := circles(map[string]map[string]string{"a": {"takes b": ""}, "b": {"takes c": ""}, "c": {"takes b": "", "files": ""}})
	want := []string{"b: may be taken while it is held", "c: may be taken while it is held"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
