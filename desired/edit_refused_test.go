package desired

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnEditThatCannotBeSaysWhy(t *testing.T) {
	one := "version: 1\nproject: shop\nservices:\n  db: stopped\n  web: {state: running, container: shop-web}\n  job: completed\n"
	for name, c := range map[string]struct {
		change Change
		err    error
		text   string
	}{
		"no job":               {flipped("db", Completed), ErrUnsuitable, "db is no job"},
		"absent":               {flipped("web", Absent), ErrUnsuitable, "ask for stopped"},
		"no state":             {flipped("web", "started"), ErrUnsuitable, "none of running"},
		"unknown service":      {flipped("webb", Running), ErrUnknownService, `did you mean "web"?`},
		"no empty service":     {flipped("", Running), ErrUnknownService, ""},
		"replicas of a job":    {scaled("job", 2), ErrUnsuitable, "job is a job: a job has one container"},
		"of one container":     {scaled("web", 2), ErrUnsuitable, "web is the one container shop-web"},
		"too many":             {scaled("db", 1001), ErrUnsuitable, "must be 1 to 1000"},
		"too few":              {scaled("db", -1), ErrUnsuitable, "must be 1 to 1000"},
		"suspended and not":    {Change{Service: "db", Suspend: &Suspend{}, Resume: true}, ErrUnsuitable, "at once"},
		"after all years":      {Change{Service: "db", Suspend: &Suspend{Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, ErrUnsuitable, "year of until"},
		"before the first":     {Change{Service: "db", Suspend: &Suspend{Until: time.Time{}.Add(1)}}, ErrUnsuitable, "year of until"},
		"a reason of no text":  {Change{Service: "db", Suspend: &Suspend{Reason: "\xff"}}, ErrUnsuitable, "one line"},
		"a reason of 2 lines":  {Change{Service: "db", Suspend: &Suspend{Reason: "a\nb"}}, ErrUnsuitable, "one line"},
		"a name that obeys":    {Change{Service: "db", Suspend: &Suspend{By: "\x1b[2J"}}, ErrUnsuitable, "one line"},
		"by nobody who is one": {Change{Service: "db", Suspend: &Suspend{By: "\xff"}}, ErrUnsuitable, "one line"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(mustParse(t, one), []Change{flipped("db", Running), c.change})
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) || got != nil {
				t.Errorf("got %q, %v; want nothing and %v with %q", got, err, c.err, c.text)
			}
		})
	}
}

// byHandText is heldText as the YAML library writes it.
const byHandText = `suspend: {until: '2026-12-01T18:00:00Z', reason: "debugging", by: "http:panel"}`

// shapes are what no edit in place can do, and the lines to write instead.
var shapes = map[string]struct {
	services string // what stands behind `services:`
	changes  []Change
	why      string
	byHand   string
}{
	"a literal": {
		"\n  web: |-\n    running\n  db: stopped\n",
		[]Change{flipped("web", Stopped)},
		"the state of web on line 4 is written", "  web: stopped",
	},
	"a folded job": {
		"\n  web: >-\n    completed\n",
		[]Change{suspended("web")},
		"the state of web on line 4", "  web: {job: true, state: completed, " + byHandText + "}",
	},
	"a quoted word on two lines": {
		"\n    web: \"run\\\n      ning\" # why\n", []Change{flipped("web", Stopped)}, "the state of web on line 4", "    web: stopped # why",
	},
	"in a flow": {
		" {db: stopped, web: {\n  state: \"run\\\n    ning\", settle: 2s # why\n  }}\n",
		[]Change{flipped("web", Stopped)},
		"the state of web on line 4", "  web: {state: stopped, settle: 2s}",
	},
	"nothing can be inserted": {
		"\n  web:\n   # of the state\n   state: |-\n     running\n   settle: 2s # of the settle\n",
		[]Change{scaled("web", 2)},
		"the state on line 6, behind which", "  web:\n    # of the state\n    state: running\n    settle: 2s # of the settle\n    replicas: 2",
	},
	"a suspension in block form is resumed": {
		"\n  web:\n    suspend:\n      by: ann # her\n      reason: fire\n    state: running\n",
		[]Change{resumed("web")},
		"the suspend of web on line 6", "  web:\n    state: running",
	},
	"and renewed": {
		"\n  web:\n    state: running\n    suspend:\n      by: ann\n",
		[]Change{suspended("web"), flipped("web", Stopped)},
		"the suspend of web on line 7", "  web:\n    state: stopped\n    " + byHandText,
	},
	"a flow of several lines": {
		"\n  web: {state: running, suspend: {by: ann, # her\n      reason: fire}, settle: 2s} # why\n",
		[]Change{suspended("web")},
		"the suspend of web on line 4", "  web: {state: running, " + byHandText + ", settle: 2s} # why",
	},
	"another flow of several lines": {
		"\n    web: {state: running, suspend: {by: ann, # her\n      reason: fire}, retry: {max: 2m} # of the retry\n      }\n",
		[]Change{resumed("web")},
		"the suspend of web on line 4", "    web:\n      state: running\n      retry: {max: 2m} # of the retry",
	},
	"at four spaces": {
		"\n    web:\n        state: running\n        suspend:\n            by: ann\n        retry:\n            max: 2m\n",
		[]Change{resumed("web")},
		"the suspend of web on line 7", "    web:\n        state: running\n        retry:\n            max: 2m",
	},
	"no room": {
		"\n  web: running\n# " + strings.Repeat("x", maxSize-60) + "\n",
		[]Change{suspended("web")},
		"the file is longer than", "  web: {state: running, " + byHandText + "}",
	},
	"several services": {
		"\n  web: |-\n    running\n  ok: running\n  db: >-\n    stopped\n",
		[]Change{flipped("ok", Stopped), flipped("web", Stopped), flipped("db", Running)},
		"the state of db on line 7", "  web: stopped\n  db: running",
	},
}

func TestAnEditThatCannotBeMadeInPlaceSaysWhatToWrite(t *testing.T) {
	for name, c := range shapes {
		t.Run(name, func(t *testing.T) {
			doc := mustParse(t, "version: 1\nproject: shop\nservices:"+c.services)
			got, err := Edit(doc, c.changes)
			if !errors.Is(err, ErrShape) || got != nil {
				t.Fatalf("got %q, %v", got, err)
			}
			why, lines, _ := strings.Cut(err.Error(), "; write by hand, under services:\n")
			if !strings.Contains(why, c.why) {
				t.Errorf("%s: no %q", why, c.why)
			}
			if diff := cmp.Diff(c.byHand, lines); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, s := range handWritten(t, doc, lines) {
				if want := must(wanted(doc, c.changes))[doc.index[s.Name]]; !reflect.DeepEqual(s, want) {
					t.Errorf("%s by hand is %+v, want %+v", s.Name, s, want)
				}
			}
		})
	}
}

// handWritten are the services of a document that holds only what an error
// says to write.
func handWritten(t testing.TB, doc *Document, lines string) []Service {
	t.Helper()
	e := must(newEditor(doc.Source))
	if e.services.Style != 0 {
		lines = "  {" + lines + "}"
	}
	return mustParse(t, "version: 1\nproject: shop\nservices:\n"+lines+"\n").Services
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
