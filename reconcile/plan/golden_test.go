package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the outputs in testdata; commit them only if you understand what changed them")

// TestDecisions plays each story of testdata/*.txt. A story's lines are what
// happens; the indented lines below each `plan` are what is decided then.
func TestDecisions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("stories: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(string(src))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(src), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// play returns the story with its outputs as they are now.
func play(src string) (string, error) {
	var out strings.Builder
	s := newStory()
	for i, line := range strings.Split(strings.TrimSuffix(src, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "  "):
			continue // an earlier output
		case strings.TrimSpace(line) == "":
			s = newStory()
		case strings.HasPrefix(line, "#"):
		case line == "plan":
			out.WriteString(line + "\n" + s.plan())
			continue
		default:
			if err := s.step(strings.Fields(line)); err != nil {
				return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
			}
		}
		out.WriteString(line + "\n")
	}
	return out.String(), nil
}

// TestAPlanIsAPureFunction plays each story twice, interleaved decisions and
// all, and compares to the letter.
func TestAPlanIsAPureFunction(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, err1 := play(string(src))
		second, err2 := play(string(src))
		if err1 != nil || err2 != nil || first != second {
			t.Errorf("%s: two runs differ: %v %v\n%s", file, err1, err2, cmp.Diff(first, second))
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
