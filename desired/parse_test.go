package desired

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// mustParse returns a document that has to be valid.
func mustParse(t rapid.TB, src string) *Document {
	t.Helper()
	doc, err := Parse("state.yaml", []byte(src))
	if err != nil {
		t.Fatalf("parse:\n%s\n%v", src, err)
	}
	return doc
}

// Each file of testdata/bad ends with the errors that it must give, all of
// them; one that names none depends on the YAML library's words.
func TestABadFileIsRefusedWithEveryErrorInItsPlace(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(paths) < 10 {
		t.Fatalf("corpus: %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(src)) {
				if w, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, "state.yaml:"+strings.TrimSuffix(w, "\n"))
				}
			}
			doc, err := Parse("state.yaml", src)
			var bad *ParseError
			if doc != nil || !errors.As(err, &bad) {
				t.Fatalf("got document %v and error %v, want a *ParseError", doc, err)
			}
			for _, p := range bad.Problems {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Errorf("a problem without a place: %+v", p)
				}
			}
			if want == nil {
				return
			}
			if diff := cmp.Diff(want, strings.Split(bad.Error(), "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoSensibleTextIsRefused(t *testing.T) {
	good := "version: 1\nproject: shop\nservices: {web: running}\n"
	for name, c := range map[string]struct{ src, want string }{
		"empty":          {"", "1:1: the file is empty"},
		"comments only":  {"# nothing\n", "1:1: the file is empty"},
		"document mark":  {"---\n", "the file must be a mapping"},
		"byte order":     {"\xef\xbb\xbf" + good, "1:1: the file begins with a byte order mark"},
		"NUL":            {good + "# \x00\n", "4:3: a NUL byte"},
		"not UTF-8":      {"version: 1\n# ä\xff\n", "2:4: a byte that is not UTF-8"},
		"too long":       {good + strings.Repeat("#", maxSize), "1:1: the file is longer than 1048576 bytes"},
		"too deep":       {good + "groups: " + strings.Repeat("[", 40) + strings.Repeat("]", 40), "nested deeper than 32 levels"},
		"very deep":      {strings.Repeat("[", 20_000), "not YAML"},
		"many values":    {good + "groups: {a: [" + strings.Repeat("web,", 100_000) + "]}", "1:1: the file has more than 50000 values"},
		"control signs":  {"version: 1 # \x1b[2J\n", "not YAML"},
		"complex key":    {"? [a]\n: b\n" + good, "a key of the file must be a word"},
		"ten megabytes":  {"project: " + strings.Repeat("x", 10<<20), "1:1: the file is longer than"},
		"a list instead": {"[a, b]\n", "the file must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("state.yaml", []byte(c.src))
			var bad *ParseError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.200v, want %q", err, c.want)
			}
		})
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	src, err := os.ReadFile("testdata/good/every_key.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc := mustParse(t, string(src))
	base := func(name string, state State) Service {
		s := defaultService(name)
		s.State, s.Settle, s.Retry.Initial, s.Replicas = state, time.Second, 2*time.Second, 4
		return s
	}
	job := func(name string, state State) Service {
		s := base(name, state)
		s.Job, s.Replicas = true, 0
		return s
	}
	held := base("held", Stopped)
	held.Suspend = &Suspend{}
	want := &Document{
		Project: "tg2emall", ContainerName: "tg2em-{service}",
		Groups: []Group{
			{"business", []string{"tgstate", "scraper"}},
			{"all", []string{"frontend", "tgstate", "scraper", "migrate", "backup"}},
		},
		Services: []Service{
			base("frontend", Running), base("tgstate", Stopped), job("migrate", Completed), job("backup", Stopped),
			{
				Name: "scraper", State: Running, ComposeService: "tg2em-scrape", Container: "tg2em-tg2em-scrape", Replicas: 1,
				OnUnhealthy: UnhealthyIgnore, UnhealthyGrace: time.Minute, OnPaused: PausedUnpause,
				RestartBackoff:  RestartBackoff{5 * time.Second, time.Minute, 20 * time.Minute},
				Retry:           Retry{3 * time.Second, 30 * time.Second},
				StopGracePeriod: 15 * time.Second, ProgressDeadline: time.Hour,
				Suspend: &Suspend{Until: time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC), Reason: "debugging", By: "ann"},
			},
			held,
		},
		Source: src, Digest: digest(src),
	}
	if diff := cmp.Diff(want, doc, cmpopts.IgnoreUnexported(Document{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"business", "all"}, doc.GroupsOf("scraper")); diff != "" {
		t.Errorf("groups of scraper: -want +got:\n%s", diff)
	}
}

func TestWindowsLineEndsAreRead(t *testing.T) {
	doc := mustParse(t, "version: 1\r\nproject: shop\r\nservices:\r\n  web: running\r\n  db: stopped\r\n")
	for name, want := range map[string]State{"web": Running, "db": Stopped} {
		if s, _ := doc.Service(name); s.State != want {
			t.Errorf("%s is %q, want %q", name, s.State, want)
		}
	}
}

func TestTheDocumentIsJSONInTheOrderOfTheFile(t *testing.T) {
	doc := mustParse(t, "version: 1\nproject: shop\nservices:\n  web: running\n  7: {state: stopped, replicas: 2, suspend: TRUE}\n")
	got, err := doc.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"project":"shop","services":{"web":"running","7":{"state":"stopped","replicas":2,"suspend":true}}}`
	flat := strings.NewReplacer("\n", "", " ", "").Replace(string(got))
	if flat != want {
		t.Fatalf("got  %s\nwant %s", flat, want)
	}
	src, err := fromJSON(got)
	if err != nil {
		t.Fatal(err)
	}
	back := mustParse(t, string(src))
	if diff := cmp.Diff(doc.Services, back.Services); diff != "" {
		t.Errorf("there and back: -want +got:\n%s\n%s", diff, src)
	}
}

func TestJSONIsTakenToTheLetter(t *testing.T) {
	reason := "\"no\": 😀/é, and {braces}, #1"
	for name, body := range map[string]string{
		"as it is":    `{"version":1,"project":"shop","services":{"7":{"state":"running","replicas":2,"suspend":{"reason":"\"no\": 😀/é, and {braces}, #1"}}}}`,
		"all escaped": `{"version":1,"project":"sho\u0070","services":{"7":{"state":"running","replicas":2,"suspend":{"reason":"\u0022no\": \ud83d\ude00\/\u00e9, and {braces}, #1"}}}}`,
		"by tabs":     "{\r\n\t\"version\"\t:\t1,\n\t\"project\":\"shop\",\"services\"\n:{\"7\":{\"state\":\"running\",\"replicas\":2,\"suspend\":{\"reason\":\"\\\"no\\\": 😀/é, and {braces}, #1\"}}}}",
	} {
		src, err := fromJSON([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s, _ := mustParse(t, string(src)).Service("7")
		if s.Replicas != 2 || s.Suspend == nil || s.Suspend.Reason != reason {
			t.Errorf("%s: %+v\n%s", name, s, src)
		}
	}
	for _, value := range []string{`"1"`, `1.5`, `1e0`, `99999999999999999999`, `null`, `true`, `"null"`, `[1]`, `{}`} {
		src, err := fromJSON([]byte(`{"version":1,"project":"shop","services":{"web":{"state":"running","replicas":` + value + `}}}`))
		if err != nil {
			t.Errorf("%s: %v", value, err)
		}
		if doc, err := Parse("state.yaml", src); err == nil {
			t.Errorf("%s is taken for %d\n%s", value, doc.Services[0].Replicas, src)
		}
	}
}

func TestSuggestions(t *testing.T) {
	for word, want := range map[string]string{"runing": "running", "stoped": "stopped", "stop": "stopped", "xyzzy": ""} {
		if want != "" {
			want = fmt.Sprintf("; did you mean %q?", want)
		}
		if got := Suggest(word, []string{"running", "stopped", "absent", "completed"}); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
}
