// Command mutants makes small mistakes in the program, one at a time, and tells
// which of them the nearest tests don't notice. The tree itself isn't touched:
// the compiler is given the changed file instead of the real one.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run() error {
	sample := flag.Int("sample", 100, "how many mutations, drawn from all rooms alike; 0: all of them, which takes hours")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "what the sample is drawn by")
	in := flag.String("room", "", "only the rooms whose name has this text")
	only := flag.String("only", "", "only mutations whose line has this text: file:line, a function")
	list := flag.Bool("list", false, "list them, and try none")
	workers := flag.Int("workers", 1, "how many are tried at once; each may use two processors")
	flag.Parse()

	accepted, err := readAccepted()
	if err != nil {
		return err
	}
	todo, err := draw(*in, *only, *sample, *seed)
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fates, err := try(ctx, todo, *workers, func(j job, became fate) { show(j, became, accepted) })
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
func draw(in, only string, sample int, seed uint64) ([]job, error) {
	var todo []job
	seen := make(map[string]bool)
	for _, r := range rooms {
		found, err := r.all(seen)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			if strings.Contains(r.name, in) && strings.Contains(m.String(), only) {
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

// show tells at once what wasn't noticed.
func show(j job, became fate, accepted map[string]string) {
	if became != survived && became != uncovered {
		return
	}
	if why, ok := accepted[j.key()]; ok {
		fmt.Printf("accepted   %s\n           %s\n", j.mutation, why)
		return
	}
	fmt.Printf("%-10s %s\n", map[fate]string{survived: "survived", uncovered: "not run"}[became], j.mutation)
}

// tell prints each room's score.
func tell(todo []job, fates []fate, accepted map[string]string) error {
	unnoticed := 0
	for _, r := range rooms {
		var all, dead, known int
		for i, j := range todo {
			if j.room.name != r.name || fates[i] == unviable || fates[i] == untried {
				continue
			}
			all++
			if _, ok := accepted[j.key()]; fates[i] == killed {
				dead++
			} else if ok {
				known++
			}
		}
		if all > 0 {
			unnoticed += all - dead - known
			fmt.Printf("%-22s %3d of %3d killed, %d accepted: %d %%\n", r.name, dead, all, known, 100*(dead+known)/all)
		}
	}
	if unnoticed > 0 {
		return fmt.Errorf("%d mutations went unnoticed", unnoticed)
	}
	return nil
}
