package settled

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

// way is how somebody changes the file.
type way struct {
	lay  func(dir, file string) error // how it lies there first; nil: as a file
	save func(dir, file string) error
}

// begin lays the file out, and returns its folder and the path by which to
// watch it.
func (w way) begin(t *testing.T) (dir, file string) {
	t.Helper()
	dir, file = laid(t, old)
	if w.lay != nil {
		if err := errors.Join(os.Remove(file), w.lay(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, file
}

// ways end with edited as the file's text.
var ways = map[string]way{
	"moved here": {save: moveTo},
	"in place":   {save: func(_, file string) error { return os.WriteFile(file, []byte(edited), 0o644) }},
	"removed and written anew": {save: func(_, file string) error {
		return errors.Join(os.Remove(file), os.WriteFile(file, []byte(edited), 0o644))
	}},
	"as vim does": {save: func(_, file string) error {
		return errors.Join(os.Rename(file, file+"~"), os.WriteFile(file, []byte(edited), 0o644), os.Remove(file+"~"))
	}},
	"a link is turned": {save: func(dir, file string) error {
		return errors.Join(folder(dir, "..new", edited), turn(dir, file, filepath.Join("..new", "file")))
	}},
	"a link to its folder is turned, as Kubernetes does": {
		lay: func(dir, file string) error {
			return errors.Join(folder(dir, "..1", old), os.Symlink("..1", filepath.Join(dir, "..data")),
				os.Symlink(filepath.Join("..data", "file"), file))
		},
		save: func(dir, _ string) error {
			return errors.Join(folder(dir, "..2", edited), turn(dir, filepath.Join(dir, "..data"), "..2"))
		},
	},
	"where a link leads": {
		lay: func(dir, file string) error {
			return errors.Join(folder(dir, "there", old), os.Symlink(filepath.Join("there", "file"), file))
		},
		save: func(dir, _ string) error {
			return moveTo(filepath.Join(dir, "there"), filepath.Join(dir, "there", "file"))
		},
	},
}

// folder is a new one with the file in it.
func folder(dir, name, text string) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "file"), []byte(text), 0o644))
}

// turn makes the path a link to there, whatever it was.
func turn(dir, path, there string) error {
	link := filepath.Join(dir, "link")
	return errors.Join(os.Symlink(there, link), os.Rename(link, path))
}

// moveTo writes edited elsewhere in the folder, and moves it to the path.
func moveTo(dir, path string) error { return move(dir, path, edited) }

func move(dir, path, text string) error {
	other := filepath.Join(dir, "other")
	return errors.Join(os.WriteFile(other, []byte(text), 0o644), os.Rename(other, path))
}

func TestASaveCountsHoweverItIsMade(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, file := w.begin(t)
			f := followed(file)
			ctx, cancel := context.WithCancel(t.Context())
			judged, ended := make(chan string, 100), make(chan error, 1)
			go func() {
				ended <- f.Watch(ctx, func() time.Duration {
					r, err := f.Read()
					fresh, wait := f.Settle(r, err)
					if fresh {
						f.Judge(r, err, func(src []byte) error { judged <- string(src); return nil })
					}
					return wait
				})
			}()
			text := func() string {
				select {
				case text := <-judged:
					return text
				case <-time.After(soon):
					return "nothing"
				}
			}
			if got := text(); got != old {
				t.Errorf("first %q counts", got)
			}
			if err := w.save(dir, file); err != nil {
				t.Fatal(err)
			}
			if got := text(); got != edited {
				t.Errorf("then %q counts", got)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// looked watches the file without ever polling it, and calls look: first at the beginning, which it waits for. stop ends it; the end of
// the test does so too.
func looked(t *testing.T, file string, look func()) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(begun) })
	go func() {
		ended <- followed(file).watch(ctx, time.Hour, func() time.Duration {
			look()
			begin()
			return time.Hour
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
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
			dir, file := w.begin(t)
			look, found := finds(file, edited)
			looked(t, file, look)
			if err := w.save(dir, file); err != nil {
				t.Fatal(err)
			}
			await(t, found)
		})
	}
}

// A database or a log beside the file may be written all the time.
func TestWhatIsWrittenBesideTheFileCostsNoLook(t *testing.T) {
	dir, file := laid(t, old)
	const writes = 2000
	look, found := finds(file, edited)
	looks := 0
	stop := looked(t, file, func() { looks++; look() })
	for i := range writes { // to two files, or the kernel makes one event of many
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("log.%d", i%2)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := moveTo(dir, file); err != nil { // events come in order: this look comes last
		t.Fatal(err)
	}
	await(t, found)
	stop()
	t.Logf("%d looks for %d writes", looks, writes)
	if looks > 5 { // the first, and those for the end
		t.Errorf("%d looks for %d writes beside the file", looks, writes)
	}
}

// That the machine is slow makes the looks fewer, never more.
func TestAFileThatIsSavedAllTheTimeIsLookedAtNowAndThen(t *testing.T) {
	dir, file := laid(t, old)
	look, found := finds(file, edited)
	looks := 0
	began := time.Now()
	stop := looked(t, file, func() { looks++; look() })
	for i := range 500 {
		if err := move(dir, file, fmt.Sprintln(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := moveTo(dir, file); err != nil {
		t.Fatal(err)
	}
	await(t, found)
	stop()
	took := time.Since(began)
	t.Logf("%d looks in %s", looks, took)
	if most := 1 + int(took/lookGap); looks > most {
		t.Errorf("%d looks in %s, want at most %d", looks, took, most)
	}
}

func TestALookComesAsSoonAsTheLastOneAskedForIt(t *testing.T) {
	_, file := laid(t, old)
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	within(t, "looking", func() {
		if err := followed(file).watch(ctx, time.Hour, func() time.Duration {
			if looks++; looks == 3 {
				cancel()
			}
			return time.Millisecond
		}); err != nil {
			t.Error(err)
		}
	})
}
