package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// fate is what became of a mutation.
type fate int

const (
	untried fate = iota // it was interrupted before
	killed
	unviable  // it doesn't compile
	survived  // the tests that run it pass
	uncovered // no test runs it
)

// quick is how long the tests take, about, that are tried first.
const quick = time.Second

// try returns the fate of each; of those that were tried, if it is interrupted.
func try(ctx context.Context, todo []job, workers int, told func(job, fate)) ([]fate, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	suites, err := suitesOf(todo, dir)
	if err != nil {
		return nil, err
	}
	fates, errs := make([]fate, len(todo)), make([]error, len(todo))
	next := make(chan int)
	var busy sync.WaitGroup
	for range max(1, workers) {
		busy.Go(func() {
			for i := range next {
				became, err := tryOne(ctx, todo[i], suites[todo[i].room.name], filepath.Join(dir, strconv.Itoa(i)))
				if ctx.Err() == nil { // else its tests were interrupted, too
					fates[i], errs[i] = became, err
					told(todo[i], became)
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

// suitesOf returns the suites of each room, by its name.
func suitesOf(todo []job, dir string) (map[string][]suite, error) {
	if err := os.Chmod(dir, 0o755); err != nil { // for tests that are another user
		return nil, err
	}
	suites := make(map[string][]suite)
	for _, j := range todo {
		if suites[j.room.name] != nil {
			continue
		}
		at := filepath.Join(dir, fmt.Sprint("room", len(suites)))
		if err := os.Mkdir(at, 0o755); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "which tests run what: %s\n", j.room.name)
		found, err := covered(j.room, at)
		if err != nil {
			return nil, err
		}
		suites[j.room.name] = found
	}
	return suites, nil
}

// tryOne asks the tests that run the mutation, and stops at the first that
// notices. The nearest package comes first, and its quickest tests.
func tryOne(ctx context.Context, j job, suites []suite, at string) (fate, error) {
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
	became := uncovered
	for _, s := range suites {
		near := s.near(j.mutation)
		if len(near) == 0 {
			continue
		}
		if build(s.pkg, at+".test", "-overlay="+at+".json") != nil {
			return unviable, nil
		}
		passed, err := passes(ctx, s.pkg, at+".test", near)
		if err = errors.Join(err, os.Remove(at+".test")); err != nil {
			return 0, fmt.Errorf("test %s: %w", j.mutation, err)
		}
		if !passed {
			return killed, nil
		}
		became = survived
	}
	return became, nil
}

// passes runs the quick tests, then the others.
func passes(ctx context.Context, pkg, binary string, near []*testOf) (bool, error) {
	for len(near) > 0 {
		var names []string
		var takes time.Duration
		for _, t := range near {
			if names != nil && takes < quick && takes+t.took > quick {
				break
			}
			names, takes = append(names, t.name), takes+t.took
		}
		near = near[len(names):]
		cmd := command(ctx, pkg, binary, names, 20*time.Second+10*takes)
		cmd.WaitDelay = time.Second // for what it started
		var exit *exec.ExitError
		switch err := cmd.Run(); {
		case errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return true, nil
}
