package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
	"reconciler/engine/docker/hands"
)

var update = flag.Bool("update", false, "rewrite the outputs in testdata; commit them only if you understand what changed them")

// TestDecisions plays each story of testdata/*.txt, each as a subtest of its
// own, named by what it tells: -run 'TestDecisions/backoff/an_engine_that'. A
// story's lines are what happens; the indented lines below each `plan` are what
// is decided then.
func TestDecisions(t *testing.T) {
	for _, file := range storyFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var now []string
			for _, text := range tales(string(src)) {
				t.Run(title(text), func(t *testing.T) {
					got, err := play(text, hands.Docker())
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					now = append(now, got)
					if diff := cmp.Diff(text, got); diff != "" && !*update {
						t.Errorf("%s (-want +got):\n%s", file, diff)
					}
				})
			}
			if *update && !t.Failed() {
				if err := os.WriteFile(file, []byte(strings.Join(now, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func storyFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("stories: %v, %v", files, err)
	}
	return files
}

// tales are the stories of a file: an empty line parts them.
func tales(src string) []string {
	texts := strings.Split(strings.TrimSuffix(src, "\n"), "\n\n")
	for i := range texts {
		texts[i] += "\n"
	}
	return texts
}

// title is the sentence that a story begins with, or else what it begins with.
func title(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return strings.TrimSuffix(strings.TrimPrefix(first, "# "), ".")
}

// play returns the story with its outputs as they are now, on an engine that has
// those commands.
func play(text string, by engine.Hands) (string, error) {
	var out strings.Builder
	s := newStory()
	s.around.Hands = by
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "  "):
			continue // an earlier output
		case strings.HasPrefix(line, "#"):
		case line == "plan":
			out.WriteString(line + "\n" + s.plan())
			continue
		case strings.TrimSpace(line) == "":
			return "", fmt.Errorf("line %d of the story is blank", i+1)
		default:
			if err := s.step(strings.Fields(line)); err != nil {
				return "", fmt.Errorf("line %d of the story: %s: %w", i+1, line, err)
			}
		}
		out.WriteString(line + "\n")
	}
	return out.String(), nil
}

// TestAPlanIsAPureFunction plays each story twice, interleaved decisions and
// all, and compares to the letter.
func TestAPlanIsAPureFunction(t *testing.T) {
	for _, file := range storyFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tales(string(src)) {
			first, err1 := play(text, hands.Docker())
			second, err2 := play(text, hands.Docker())
			if err1 != nil || err2 != nil || first != second {
				t.Errorf("%s: %s: two runs differ: %v %v\n%s", file, title(text), err1, err2, cmp.Diff(first, second))
			}
		}
	}
}

// TestWithoutCommandsMessagesStillSayWhatToDo plays each story on an engine that
// has no tools of its own: no message names a command, and none is torn where one
// would stand.
func TestWithoutCommandsMessagesStillSayWhatToDo(t *testing.T) {
	command, torn := regexp.MustCompile(`docker [a-z]+`), regexp.MustCompile(`: *["),;]|\( *\)|: *$|  *,| (at|or) *"`)
	for _, file := range storyFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tales(string(src)) {
			out, err := play(text, engine.Hands{})
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out) {
				if told := strings.TrimSpace(line); strings.HasPrefix(line, " ") && (command.MatchString(told) || torn.MatchString(told)) {
					t.Errorf("%s: %s: %s", file, title(text), told)
				}
			}
		}
	}
}

func clockTime(text string) (time.Time, error) {
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	c, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("want a time like 12:00:05: %w", err)
	}
	return day.Add(time.Duration(c.Hour())*time.Hour + time.Duration(c.Minute())*time.Minute + time.Duration(c.Second())*time.Second), nil
}
