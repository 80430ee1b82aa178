package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	racers = 4
	rounds = 15
)

// crowd is a document with one service for each racer.
func crowd(mark int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# save %d\nversion: 1\nproject: shop\nservices:\n", mark)
	for i := range racers {
		fmt.Fprintf(&b, "  s%d: stopped\n", i)
	}
	return b.String()
}

// hurried opens the file with a clock that runs ten times as fast, so that
// settling takes little of the test's time.
func hurried(t *testing.T, file string) *Store {
	t.Helper()
	start := time.Now()
	s, err := Open(Options{File: file, Now: func() time.Time { return start.Add(10 * time.Since(start)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFlipsOfDifferentServicesNeverConflict(t *testing.T) {
	b := newBench(t, crowd(0))
	s := hurried(t, b.file)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			for round := range rounds {
				want := []State{Running, Stopped}[round%2]
				snap, changed, err := s.Change(Flips(flip(fmt.Sprintf("s%d", i), want)), EditBy{})
				if err != nil || !changed || state(t, snap, fmt.Sprintf("s%d", i)) != want {
					t.Errorf("s%d to %s: changed %v, %v", i, want, changed, err)
					return
				}
			}
		})
	}
	all.Wait()
	if snap := s.Snapshot(); snap.Generation != 1+racers*rounds {
		t.Errorf("generation %d, want %d", snap.Generation, 1+racers*rounds)
	}
	if got, want := b.text(), strings.ReplaceAll(crowd(0), "stopped", "running"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// In each round somebody saves while others flip; whatever they manage, the
// save is what the file is made of afterwards.
func TestNoEditorsSaveIsEverLost(t *testing.T) {
	for name, save := range map[string]func(file, text string) error{
		"moved here": func(file, text string) error {
			other := filepath.Join(filepath.Dir(file), "other")
			return errors.Join(os.WriteFile(other, []byte(text), 0o644), os.Rename(other, file))
		},
		"in place": func(file, text string) error { return os.WriteFile(file, []byte(text), 0o644) },
		"in place, in pieces": func(file, text string) error {
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			for _, piece := range strings.SplitAfter(text, "\n") {
				_, werr := f.WriteString(piece)
				err = errors.Join(err, werr)
			}
			return errors.Join(err, f.Truncate(int64(len(text))), f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, crowd(0))
			s := hurried(t, b.file)
			flips := 0
			for round := 1; round <= rounds; round++ {
				var all sync.WaitGroup
				var mu sync.Mutex
				for i := range racers {
					all.Go(func() {
						want := []State{Running, Stopped}[round%2]
						_, changed, err := s.Change(Flips(flip(fmt.Sprintf("s%d", i), want)), EditBy{})
						if err != nil && !errors.Is(err, ErrFileInvalid) {
							t.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						if changed {
							flips++
						}
					})
				}
				if err := save(b.file, crowd(round)); err != nil {
					t.Fatal(err)
				}
				all.Wait()
				if got := b.text(); !strings.HasPrefix(got, fmt.Sprintf("# save %d\n", round)) {
					t.Fatalf("round %d: the save is lost:\n%s", round, got)
				}
				mustParse(t, b.text())
			}
			if flips < rounds/2 {
				t.Errorf("only %d flips: nothing was proven", flips)
			}
			if left := b.leftovers(); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
