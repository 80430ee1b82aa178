package desired

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// looked watches the file without ever polling it, and calls look where a Store
// looks: first at the beginning, which it waits for. stop ends it; the end of
// the test does so too.
func looked(t *testing.T, file string, look func()) (stop func()) {
	t.Helper()
	s, err := Open(Options{File: file, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(begun) })
	go func() {
		ended <- s.watch(ctx, time.Hour, func() time.Duration {
			look()
			begin()
			return time.Hour
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	await(t, begun)
	return stop
}

func await(t *testing.T, what <-chan struct{}) {
	t.Helper()
	select {
	case <-what:
	case <-time.After(soon):
		t.Fatal("no look came")
	}
}

// finds is a look at the file, and what is closed once that is its text.
func finds(file, text string) (look func(), found chan struct{}) {
	found = make(chan struct{})
	find := sync.OnceFunc(func() { close(found) })
	return func() {
		if src, err := os.ReadFile(file); err == nil && string(src) == text {
			find()
		}
	}, found
}

func TestEachWayOfSavingIsHeardOfWithoutPolling(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, small)
			file := w.begin(t, b)
			look, found := finds(file, edited)
			looked(t, file, look)
			if err := w.save(b.dir, file); err != nil {
				t.Fatal(err)
			}
			await(t, found)
		})
	}
}

// A database or a log beside the file may be written all the time.
func TestWhatIsWrittenBesideTheFileCostsNoLook(t *testing.T) {
	b := newBench(t, small)
	const writes = 2000
	look, found := finds(b.file, edited)
	looks := 0
	stop := looked(t, b.file, func() { looks++; look() })
	for i := range writes { // to two files, or the kernel makes one event of many
		if err := os.WriteFile(filepath.Join(b.dir, fmt.Sprintf("log.%d", i%2)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.move(edited) // events come in order: this look comes last
	await(t, found)
	stop()
	t.Logf("%d looks for %d writes", looks, writes)
	if looks > 5 { // the first, and those for the end
		t.Errorf("%d looks for %d writes beside the file", looks, writes)
	}
}

// That the machine is slow makes the looks fewer, never more.
func TestAFileThatIsSavedAllTheTimeIsLookedAtNowAndThen(t *testing.T) {
	b := newBench(t, small)
	look, found := finds(b.file, edited)
	looks := 0
	began := time.Now()
	stop := looked(t, b.file, func() { looks++; look() })
	for i := range 500 {
		b.move(fmt.Sprintf("%s# %d\n", small, i))
	}
	b.move(edited)
	await(t, found)
	stop()
	took := time.Since(began)
	t.Logf("%d looks in %s", looks, took)
	if most := 1 + int(took/lookGap); looks > most {
		t.Errorf("%d looks in %s, want at most %d", looks, took, most)
	}
}
