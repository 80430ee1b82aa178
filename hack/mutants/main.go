// Command mutants makes small mistakes in the program, one at a time, and tells
// which of them the nearest tests don't notice. The tree itself isn't touched:
// the compiler is given the changed file instead of the real one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// fate is what became of a mutation.
type fate int

const (
	untried fate = iota // it was interrupted before
	killed
	unviable // it doesn't compile
	survived
)

func run() error {
	sample := flag.Int("sample", 100, "how many mutations, drawn from all rooms alike; 0: all of them, which takes hours")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "what the sample is drawn by")
	only := flag.String("only", "", "only mutations whose line has this text: a room's name, file:line, a function")
	list := flag.Bool("list", false, "list them, and try none")
	workers := flag.Int("workers", 1, "how many are tried at once; each may use two processors")
	flag.Parse()

	accepted, err := readAccepted()
	if err != nil {
		return err
	}
	todo, err := draw(*only, *sample, *seed)
	if err != nil {
		return err
	}
	if *list {
		for _, j := range todo {
			fmt.Printf("%s: %s\n", j.room.name, j.mutation)
		}
		return nil
	}
	fmt.Printf("%d mutations, seed %d\n", len(todo), *seed)
	if err := sound(todo); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fates, err := try(ctx, todo, *workers)
	if err != nil {
		return err
	}
	return tell(todo, fates, accepted)
}

type job struct {
	room room
	mutation
}

// draw returns the mutations to try.
func draw(only string, sample int, seed uint64) ([]job, error) {
	var todo []job
	seen := make(map[string]bool)
	for _, r := range rooms {
		found, err := r.all(seen)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			if strings.Contains(r.name+": "+m.String(), only) {
				todo = append(todo, job{r, m})
			}
		}
	}
	// In no order, so that what an interrupted run has tried is a sample, too.
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(todo), func(i, k int) { todo[i], todo[k] = todo[k], todo[i] })
	if sample > 0 && sample < len(todo) {
		todo = todo[:sample]
	}
	return todo, nil
}

// sound checks that the tests pass without any mutation.
func sound(todo []job) error {
	tried := make(map[string]bool)
	for _, j := range todo {
		if tried[j.room.name] {
			continue
		}
		tried[j.room.name] = true
		if said, err := test(j.room, "").CombinedOutput(); err != nil {
			return fmt.Errorf("the tests of %s fail without a mutation: %w\n%s", j.room.name, err, said)
		}
	}
	return nil
}

func test(r room, overlay string) *exec.Cmd {
	args := []string{"test", "-vet=off", "-failfast", "-timeout=120s"}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	if r.skip != "" {
		args = append(args, "-skip="+r.skip)
	}
	cmd := exec.Command("go", append(args, r.tests...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	return cmd
}

// try returns the fate of each; of those that were tried, if it is interrupted.
func try(ctx context.Context, todo []job, workers int) ([]fate, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fates, errs := make([]fate, len(todo)), make([]error, len(todo))
	next := make(chan int)
	var busy sync.WaitGroup
	for range max(1, workers) {
		busy.Go(func() {
			for i := range next {
				became, err := tryOne(todo[i], filepath.Join(dir, strconv.Itoa(i)))
				if ctx.Err() == nil { // else its tests were interrupted, too
					fates[i], errs[i] = became, err
				}
			}
		})
	}
	for i := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- i
		if i > 0 && i%20 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d\n", i, len(todo))
		}
	}
	close(next)
	busy.Wait()
	return fates, errors.Join(errs...)
}

func tryOne(j job, at string) (fate, error) {
	whole, err := filepath.Abs(j.file)
	if err != nil {
		return 0, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{whole: at + ".go"}})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(os.WriteFile(at+".go", j.apply(), 0o600), os.WriteFile(at+".json", overlay, 0o600)); err != nil {
		return 0, err
	}
	said, err := test(j.room, at+".json").CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return survived, nil
	case !errors.As(err, &exit):
		return 0, fmt.Errorf("test %s: %w", j.mutation, err)
	case strings.Contains(string(said), "[build failed]"), strings.Contains(string(said), "[setup failed]"):
		return unviable, nil
	}
	return killed, nil
}

// tell prints the survivors and each room's score.
func tell(todo []job, fates []fate, accepted map[string]string) error {
	unnoticed := 0
	for _, r := range rooms {
		var all, dead, known int
		for i, j := range todo {
			if j.room.name != r.name || fates[i] == unviable || fates[i] == untried {
				continue
			}
			all++
			why, ok := accepted[j.key()]
			switch {
			case fates[i] == killed:
				dead++
			case ok:
				known++
				fmt.Printf("accepted  %s\n          %s\n", j.mutation, why)
			default:
				unnoticed++
				fmt.Printf("survived  %s\n", j.mutation)
			}
		}
		if all > 0 {
			fmt.Printf("%-22s %3d of %3d killed, %d accepted: %d %%\n", r.name, dead, all, known, 100*(dead+known)/all)
		}
	}
	if unnoticed > 0 {
		return fmt.Errorf("%d mutations went unnoticed", unnoticed)
	}
	return nil
}
