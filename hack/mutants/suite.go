package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is the tests of one package, and what each of them runs.
type suite struct {
	pkg   string // as ./desired
	tests []*testOf
}

type testOf struct {
	name string
	took time.Duration
	runs map[block]bool
}

// block is what the compiler counts: statements that run one after the other.
type block struct {
	file       string // from the module's folder
	line, col  int
	last, upto int // the end of it
}

func (b block) has(m mutation) bool {
	begins := b.line < m.line || b.line == m.line && b.col <= m.column
	ends := b.last > m.line || b.last == m.line && b.upto > m.column
	return b.file == m.file && begins && ends
}

// covered returns each test package of the room, with what each of its tests
// runs of the room. The error is also that a test fails without any mutation.
func covered(r room, dir string) ([]suite, error) {
	var of []string
	for _, pattern := range r.files {
		of = append(of, "./"+filepath.Dir(pattern))
	}
	slices.Sort(of)
	coverpkg := strings.Join(slices.Compact(of), ",")
	var suites []suite
	for i, pkg := range r.tests {
		at := filepath.Join(dir, fmt.Sprint(i))
		if err := build(pkg, at, "-cover", "-covermode=set", "-coverpkg="+coverpkg); err != nil {
			return nil, fmt.Errorf("build the tests of %s: %w", pkg, err)
		}
		listed, err := exec.Command(at, "-test.list=^(Test|Fuzz|Example)").Output()
		if err != nil {
			return nil, fmt.Errorf("list the tests of %s: %w", pkg, err)
		}
		s := suite{pkg: pkg}
		for _, name := range strings.Fields(string(listed)) {
			if r.skip != "" && regexp.MustCompile(r.skip).MatchString(name) {
				continue
			}
			test, err := measure(pkg, at, name)
			if err != nil {
				return nil, fmt.Errorf("%s of %s without a mutation: %w", name, pkg, err)
			}
			s.tests = append(s.tests, test)
		}
		slices.SortStableFunc(s.tests, func(a, b *testOf) int { return int(a.took - b.took) })
		suites = append(suites, s)
	}
	return suites, nil
}

// measure runs one test. What processes run that it starts counts, too.
func measure(pkg, binary, name string) (*testOf, error) {
	counts := binary + "-" + name
	if err := errors.Join(os.Mkdir(counts, 0o700), os.Chmod(counts, 0o777)); err != nil { // some are another user's
		return nil, err
	}
	cmd := command(context.Background(), pkg, binary, []string{name}, 5*time.Minute)
	cmd.Args = append(cmd.Args, "-test.gocoverdir="+counts)
	cmd.Env = append(cmd.Env, "GOCOVERDIR="+counts)
	began := time.Now()
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	test := &testOf{name: name, took: time.Since(began), runs: make(map[block]bool)}
	profile := counts + ".txt"
	if said, err := exec.Command("go", "tool", "covdata", "textfmt", "-i="+counts, "-o="+profile).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("read what it runs: %w\n%s", err, said)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		var b block
		var statements, count int
		file, where, ok := strings.Cut(strings.TrimPrefix(line, module+"/"), ":")
		if _, err := fmt.Sscanf(where, "%d.%d,%d.%d %d %d", &b.line, &b.col, &b.last, &b.upto, &statements, &count); ok && err == nil {
			b.file = file
			test.runs[b] = test.runs[b] || count > 0
		}
	}
	return test, nil
}

// near returns the tests that run the place of the mutation, the quick ones
// first. A place that the compiler doesn't count, such as the condition of a
// case, is run by those that run any of its function; a variable's value, by
// all.
func (s suite) near(m mutation) []*testOf {
	at := func(b block) bool { return b.has(m) }
	within := func(b block) bool { return b.file == m.file && b.line >= m.within.first && b.last <= m.within.last }
	for _, place := range []func(block) bool{at, within} {
		counted := false
		var near []*testOf
		for _, t := range s.tests {
			runs := false
			for b, ran := range t.runs {
				if place(b) {
					counted = true
					runs = runs || ran
				}
			}
			if runs {
				near = append(near, t)
			}
		}
		if counted {
			return near
		}
	}
	return s.tests
}

func build(pkg, to string, more ...string) error {
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", to}, more...)
	said, err := exec.Command("go", append(args, pkg)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// mostMemory is what a test may take, in KiB: a loop that a mutation makes
// endless may take all there is.
const mostMemory = 6 << 20

// command is these tests of a package, built before.
func command(ctx context.Context, pkg, binary string, names []string, most time.Duration) *exec.Cmd {
	run := "-test.run=^(" + strings.Join(names, "|") + ")$"
	script := fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mostMemory)
	cmd := exec.CommandContext(ctx, "sh", "-c", script, binary, run, "-test.failfast", "-test.timeout="+most.String())
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	return cmd
}
