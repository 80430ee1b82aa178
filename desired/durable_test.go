package desired

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A power cut can't be had in a test; what can is the order in which the kernel
// is asked: the new bytes are on the disk before they get the file's name, and
// the name is before the edit is answered.
func TestAnEditIsOnTheDiskBeforeItIsAnswered(t *testing.T) {
	for name, args := range map[string][]string{
		"exchanged":                          nil,
		"on a file system without exchanges": {"-e", "inject=renameat2:error=EINVAL"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			if err := b.open().Close(); err != nil {
				t.Fatal(err)
			}
			log := filepath.Join(t.TempDir(), "calls")
			args = append([]string{"-y", "-o", log}, args...)
			if said, err := traced(t, b.dir, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			calls, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			temp := regexp.QuoteMeta(filepath.Join(b.dir, tempPrefix("state.yaml"))) + "[0-9a-f]{16}"
			named := func(pattern string) int {
				return slices.IndexFunc(ended(string(calls)), regexp.MustCompile(pattern).MatchString)
			}
			bytes := named(`fsync\(\d+<` + temp + `>\) += 0`)
			swapped := named(`renameat2?\(.*"` + temp + `".*"` + regexp.QuoteMeta(b.file) + `".*\) += 0`)
			folder := named(`fsync\(\d+<` + regexp.QuoteMeta(b.dir) + `>\) += 0`)
			if bytes < 0 || swapped < bytes || folder < swapped {
				t.Errorf("fsync of the bytes is call %d, the swap %d, fsync of the folder %d; want them in this order:\n%s", bytes, swapped, folder, calls)
			}
		})
	}
}

// ended are the calls of a trace, each on one line, in the order in which they
// ended. strace writes two lines of a call where another thread comes between.
func ended(trace string) (calls []string) {
	begun := make(map[string]string) // by thread
	for line := range strings.Lines(trace) {
		thread, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		if half, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			begun[thread] = half
			continue
		}
		if _, rest, ok := strings.Cut(call, " resumed>"); ok {
			call = begun[thread] + rest
		}
		calls = append(calls, call)
	}
	return calls
}
