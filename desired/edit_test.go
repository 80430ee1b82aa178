package desired

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const shop = `# the shop ü
version: 1
project: shop
services:
  web:   running   # always
  "db": 'stopped'
  queue: {job: false, state: "running", replicas: 2}
  cache:
    # long
    replicas: 1
    state: stopped	# tab before the comment
  migrate: completed
  backup: {job: true, state: stopped}
  odd: "runn\x69ng"
  block: {state: running, suspend: {reason: "state: running"}}
  folded: |-
    running
`

var (
	evening = time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)
	held    = &Suspend{Until: evening, Reason: "debugging", By: "http:panel"}
)

const heldText = `suspend: {until: 2026-12-01T18:00:00Z, reason: "debugging", by: "http:panel"}`

func flipped(service string, state State) Change { return Change{Service: service, State: state} }
func suspended(service string) Change            { return Change{Service: service, Suspend: held} }
func resumed(service string) Change              { return Change{Service: service, Resume: true} }
func scaled(service string, replicas int) Change { return Change{Service: service, Replicas: replicas} }

func TestAnEditReplacesTheWordAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		change   Change
		old, new string // the only difference
	}{
		"short form":                    {flipped("web", Stopped), "web:   running ", "web:   stopped "},
		"single quotes":                 {flipped("db", Running), "'stopped'", "'running'"},
		"double quotes in a flow":       {flipped("queue", Stopped), `"running", r`, `"stopped", r`},
		"long form":                     {flipped("cache", Running), "state: stopped\t", "state: running\t"},
		"a long job is run":             {flipped("backup", Completed), "true, state: stopped", "true, state: completed"},
		"running a job means completed": {flipped("backup", Running), "true, state: stopped", "true, state: completed"},
		"not the same words elsewhere":  {flipped("block", Stopped), "{state: running, s", "{state: stopped, s"},
		"an escape in the word":         {flipped("odd", Stopped), `"runn\x69ng"`, `"stopped"`},
		"replicas":                      {scaled("cache", 12), "replicas: 1\n", "replicas: 12\n"},
		"replicas in a flow":            {scaled("queue", 1), "replicas: 2}", "replicas: 1}"},
		"a suspension, by another":      {suspended("block"), `suspend: {reason: "state: running"}`, heldText},
		"a short job becomes long":      {flipped("migrate", Stopped), "migrate: completed", "migrate: {job: true, state: stopped}"},
		"as it is already":              {flipped("web", Running), "", ""},
		"a done job asked to run":       {flipped("migrate", Running), "", ""},
		"replicas as they are":          {scaled("queue", 2), "", ""},
		"resumed without a suspension":  {resumed("web"), "", ""},
		"nothing asked for":             {Change{Service: "web"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(mustParse(t, shop), []Change{c.change})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Replace(shop, c.old, c.new, 1), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// edits are what stands behind `services:` before and after; each holds with
// either line end, and without the last one, too.
var edits = map[string]struct {
	before, after string
	changes       []Change
	back          bool // resuming gives the bytes back
}{
	"a key is inserted below the state": {
		"\n  web:\n    state: running  # ü: {\n    # of the settle\n    settle: 2s\n",
		"\n  web:\n    state: running  # ü: {\n    " + heldText + "\n    # of the settle\n    settle: 2s\n",
		[]Change{suspended("web")},
		true,
	},
	"below the last line": {
		"\n  db: stopped\n  web:\n    settle: 2s\n    state: running\n",
		"\n  db: stopped\n  web:\n    settle: 2s\n    state: running\n    " + heldText + "\n",
		[]Change{suspended("web")},
		true,
	},
	"at one space": {
		"\n web:\n  state: running\n", "\n web:\n  state: running\n  " + heldText + "\n", []Change{suspended("web")}, true,
	},
	"at four spaces": {
		"\n    web:\n        state: running\n    db: stopped\n",
		"\n    web:\n        state: running\n        " + heldText + "\n    db: stopped\n",
		[]Change{suspended("web")},
		true,
	},
	"deep, by another width": {
		"\n           web:\n             state: 'running'\t# tab\n",
		"\n           web:\n             state: 'running'\t# tab\n             " + heldText + "\n",
		[]Change{suspended("web")},
		true,
	},
	"below a state on a line of its own": {
		"\n  web:\n    state:\n      running # here\n    settle: 1s\n",
		"\n  web:\n    state:\n      running # here\n    replicas: 3\n    settle: 1s\n",
		[]Change{scaled("web", 3)},
		false,
	},
	"among explicit keys": {
		"\n  ? web\n  : state: running\n    ? settle\n    : 1s\n",
		"\n  ? web\n  : state: running\n    replicas: 3\n    ? settle\n    : 1s\n",
		[]Change{scaled("web", 3)},
		false,
	},
	"two keys, and the state": {
		"\n  web:\n    state: running\n  db: stopped\n",
		"\n  web:\n    state: stopped\n    replicas: 3\n    " + heldText + "\n  db: stopped\n",
		[]Change{suspended("web"), scaled("web", 3), flipped("web", Stopped)},
		false,
	},
	"a key is inserted into a flow": {
		"\n  web: { state: running , settle: 2s } # flow\n",
		"\n  web: { state: running, " + heldText + " , settle: 2s } # flow\n",
		[]Change{suspended("web")},
		true,
	},
	"into a flow of several lines": {
		"\n  web: {\n    state: \"running\" # of the state\n    , settle: 2s,\n  }\n",
		"\n  web: {\n    state: \"running\", replicas: 3 # of the state\n    , settle: 2s,\n  }\n",
		[]Change{scaled("web", 3)},
		false,
	},
	"into JSON": {
		` {"web":{"state":"running"},"db":"stopped"}` + "\n",
		` {"web":{"state":"running", ` + heldText + `},"db":"stopped"}` + "\n",
		[]Change{suspended("web")},
		true,
	},
	"the short form becomes long": {
		"\n  web:   running # why\n", "\n  web:   {state: running, " + heldText + "} # why\n", []Change{suspended("web")}, false,
	},
	"the short form in quotes": {
		"\n  web: 'running'\n", "\n  web: {state: 'stopped', replicas: 2}\n", []Change{flipped("web", Stopped), scaled("web", 2)}, false,
	},
	"the short form in a flow": {
		" {web: running, db: stopped}\n", " {web: {state: running, " + heldText + "}, db: stopped}\n", []Change{suspended("web")}, false,
	},
	"a short job": {
		"\n  web: \"completed\" # once\n", "\n  web: {job: true, state: \"completed\", " + heldText + "} # once\n",
		[]Change{suspended("web")},
		false,
	},
	"a job there and back": {
		"\n  web: completed\n", "\n  web: {job: true, state: completed, suspend: true}\n",
		[]Change{flipped("web", Stopped), flipped("web", Running), {Service: "web", Suspend: &Suspend{}}},
		false,
	},
	"resumed beside a comment": {
		"\n  web:\n    state: running\n    suspend: true  # fire\n", "\n  web:\n    state: running\n    suspend: false  # fire\n",
		[]Change{resumed("web")},
		false,
	},
	"resumed below a comment": {
		"\n  web:\n    state: running\n    # fire\n    suspend: {by: ann}\n",
		"\n  web:\n    state: running\n    # fire\n    suspend: false\n",
		[]Change{resumed("web")},
		false,
	},
	"resumed on two lines": {
		"\n  web:\n    suspend:\n      {by: ann}\n    state: running\n",
		"\n  web:\n    suspend:\n      false\n    state: running\n",
		[]Change{resumed("web")},
		false,
	},
	"resumed, the line goes": {
		"\n  web:\n    'suspend': {by: ann}\t \n    state: running\n", "\n  web:\n    state: running\n", []Change{resumed("web")}, false,
	},
	"resumed, and scaled": {
		"\n  web:\n    state: running\n    suspend: {by: ann}\n", "\n  web:\n    state: running\n    replicas: 2\n",
		[]Change{resumed("web"), scaled("web", 2)},
		false,
	},
	"resumed in a flow, and scaled": {
		"\n  web: {state: running, suspend: true}\n", "\n  web: {state: running, replicas: 2}\n",
		[]Change{resumed("web"), scaled("web", 2)},
		false,
	},
	"resumed in a flow that an edit didn't write": {
		"\n  web: {state: running, suspend: {by: ann}}\n", "\n  web: {state: running, suspend: false}\n", []Change{resumed("web")}, false,
	},
	"resumed in a flow where it is the first": {
		"\n  web: {suspend: true, state: running}\n", "\n  web: {suspend: false, state: running}\n", []Change{resumed("web")}, false,
	},
	"resumed in a flow beside a comment": {
		"\n  web: {state: running, suspend: true # fire\n    }\n", "\n  web: {state: running, suspend: false # fire\n    }\n",
		[]Change{resumed("web")},
		false,
	},
	"suspended where it was false": {
		"\n  web:\n    suspend: false # no\n    state: running\n",
		"\n  web:\n    suspend: " + strings.TrimPrefix(heldText, "suspend: ") + " # no\n    state: running\n",
		[]Change{suspended("web")},
		false,
	},
	"suspended otherwise": {
		"\n  web: {state: running, suspend: { by: 'it''s', reason: \"}\\\"\" , }}\n",
		"\n  web: {state: running, suspend: true}\n",
		[]Change{{Service: "web", Suspend: &Suspend{}}},
		false,
	},
	"the same moment in another zone": {
		"\n  web: {state: running, suspend: {until: 2026-12-01T19:00:00+01:00, reason: debugging, by: http:panel}}\n",
		"\n  web: {state: running, suspend: {until: 2026-12-01T19:00:00+01:00, reason: debugging, by: http:panel}}\n",
		[]Change{suspended("web")},
		false,
	},
	"there and back at once": {
		"\n  web:  running\n", "\n  web:  running\n",
		[]Change{suspended("web"), flipped("web", Stopped), resumed("web"), flipped("web", Running)},
		false,
	},
	"several services": {
		"\n  web: running # 1\n  db:\n    state: stopped # 2\n  queue: {state: stopped} # 3\n",
		"\n  web: stopped # 1\n  db:\n    state: stopped # 2\n    suspend: true\n  queue: {state: stopped, replicas: 2} # 3\n",
		[]Change{scaled("queue", 2), {Service: "db", Suspend: &Suspend{}}, flipped("web", Stopped)},
		false,
	},
	"strange line ends": {
		"\n  # one\u2028  # two\u0085\n  web:\n    state: running # three\u2029    settle: 1s\n",
		"\n  # one\u2028  # two\u0085\n  web:\n    state: running # three\u2029    " + heldText + "\u2029    settle: 1s\n",
		[]Change{suspended("web")},
		true,
	},
}

func TestAnEditIsMadeInPlace(t *testing.T) {
	variants := map[string]func(string) string{
		"line feeds":       func(s string) string { return s },
		"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"CR":               func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
		"no final newline": func(s string) string { return strings.TrimSuffix(s, "\n") },
		"more below":       func(s string) string { return s + "\n# the end\ngroups: {}\n" },
	}
	for name, c := range edits {
		for variant, of := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				before := of("version: 1\nproject: shop\nservices:" + c.before)
				want := of("version: 1\nproject: shop\nservices:" + c.after)
				got, err := Edit(mustParse(t, before), c.changes)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, string(got)); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				again, err := Edit(mustParse(t, want), c.changes)
				if err != nil || string(again) != want {
					t.Errorf("made again: %v\n%s", err, cmp.Diff(want, string(again)))
				}
				if !c.back {
					return
				}
				back, err := Edit(mustParse(t, want), []Change{resumed("web")})
				if err != nil || string(back) != before {
					t.Errorf("resumed: %v\n%s", err, cmp.Diff(before, string(back)))
				}
			})
		}
	}
}

func TestAnyLineIsAReason(t *testing.T) {
	for _, reason := range []string{
		`"`, `\`, `'`, "it's: {a, b} # no comment", " ", "~", "true", "2026-12-01", "für die Nacht", "夜間", "🦆",
		"\u00a0\ufeff\ufffe\U000e0001", strings.Repeat("long ", 1000), "*a &b !c %d @e",
	} {
		for _, src := range []string{"web: running", "web: {state: running}", "web:\n    state: running"} {
			want := &Suspend{Reason: reason, By: reason}
			got, err := Edit(mustParse(t, "version: 1\nproject: shop\nservices:\n  "+src+"\n"), []Change{{Service: "web", Suspend: want}})
			if err != nil {
				t.Errorf("%q: %v", reason, err)
				continue
			}
			web, _ := mustParse(t, string(got)).Service("web")
			if diff := cmp.Diff(want, web.Suspend); diff != "" {
				t.Errorf("%q: -want +got:\n%s", reason, diff)
			}
		}
	}
}

func TestUntilIsWrittenInUTCToTheSecond(t *testing.T) {
	until := evening.Add(999 * time.Millisecond).In(time.FixedZone("", 3600))
	got, err := Edit(mustParse(t, shop), []Change{{Service: "web", Suspend: &Suspend{Until: until}}})
	if want := "web:   {state: running, suspend: {until: 2026-12-01T18:00:00Z}}   # always"; err != nil || !strings.Contains(string(got), want) {
		t.Errorf("%v: no %s in\n%s", err, want, got)
	}
}
