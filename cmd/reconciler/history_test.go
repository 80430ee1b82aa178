package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	revisions = `{"generation":3,"revisions":[
 {"generation":3,"kind":"state","time":"2026-12-01T12:00:00Z","actor":"http:panel","reason":"二\u001b[2J夜","summary":"web: running -> stopped","digest":"d3"},
 {"generation":2,"kind":"definition","time":"2026-12-01T11:00:00Z","actor":"file","summary":"compose.yaml changed","digest":"d2"},
 {"generation":1,"kind":"state","time":"2026-12-01T10:00:00Z","actor":"file","summary":"first","digest":"d1"}]}`
	third = `{"generation":3,"kind":"state","time":"2026-12-01T12:00:00Z","actor":"http:panel","reason":"night","summary":"web: running -> stopped","digest":"d3","state":"version: 1\nservices:\n  web: stopped\n"}`
	first = `{"generation":1,"kind":"state","time":"2026-12-01T10:00:00Z","actor":"file","summary":"first","digest":"d1","state":"version: 1\nservices:\n  web: running\n"}`
)

func TestHistoryIsATableARevisionAndADifference(t *testing.T) {
	script := map[string]said{
		"GET /v1/revisions": {200, revisions}, "GET /v1/revisions/3": {200, third}, "GET /v1/revisions/1": {200, first},
		"GET /v1/revisions/9": {404, `{"type":"unknown_revision","detail":"revision 9 is not kept"}`},
	}
	converse(t, []exchange{
		{
			name: "table", args: "history", script: script, asked: []string{"GET /v1/revisions"},
			stdout: "REVISION  TIME                  KIND        ACTOR       SUMMARY                  REASON\n" +
				"3         2026-12-01T12:00:00Z  state       http:panel  web: running -> stopped  二[2J夜\n" +
				"2         2026-12-01T11:00:00Z  definition  file        compose.yaml changed\n" +
				"1         2026-12-01T10:00:00Z  state       file        first\n",
		},
		{
			name: "one, which is a state file", args: "history 3", script: script, asked: []string{"GET /v1/revisions/3"},
			stdout: "# revision 3 (state), 2026-12-01T12:00:00Z, by http:panel\n# web: running -> stopped\n# night\nversion: 1\nservices:\n  web: stopped\n",
		},
		{
			name: "difference", args: "history 3 --diff", script: script, asked: []string{"GET /v1/revisions", "GET /v1/revisions/1", "GET /v1/revisions/3"},
			stdout: "--- revision 1\t2026-12-01T10:00:00Z\n+++ revision 3\t2026-12-01T12:00:00Z\n@@ -1,3 +1,3 @@\n version: 1\n services:\n-  web: running\n+  web: stopped\n",
		},
		{
			name: "the oldest", args: "history 1 --diff", script: script, asked: []string{"GET /v1/revisions", "GET /v1/revisions/1"},
			code: 1, stderr: "no revision before 1 is kept to compare it with\n",
		},
		{name: "one that is gone", args: "history 9", script: script, asked: []string{"GET /v1/revisions/9"}, code: 1, stderr: "revision 9 is not kept\n"},
		{name: "no number", args: "history last", code: 2, stderr: "\"last\" is no revision's number; see: reconciler history\n"},
		{name: "a difference of all", args: "history --diff", code: 2, stderr: "--diff goes with a revision's number, and not with -o json\n"},
	})
	url := (&fake{script: script}).onTCP(t)
	if code, out, _ := call(t, "history", "-o", "json", "--server", url); code != 0 || !strings.Contains(out, `"digest": "d2"`) {
		t.Errorf("JSON: exit %d\n%s", code, out)
	}
}

func TestRollback(t *testing.T) {
	done := said{200, `{"generation":4,"services":[` + aStopped + `]}`}
	later := said{202, `{"generation":4,"services":[` + aStopped + `,` + bStops + `],"warnings":["w"]}`}
	again := "the file is that of revision 1 again; this is revision 4\n"
	converse(t, []exchange{
		{
			name: "done", args: "rollback 1 --reason r --wait", script: map[string]said{"POST /v1/revisions/1/restore?wait=1m0s": done},
			asked: []string{`POST /v1/revisions/1/restore?wait=1m0s {"reason":"r"}`}, stdout: "a: wanted stopped, is stopped: as wanted\n" + again,
		},
		{
			name: "later", args: "rollback 1", script: map[string]said{"POST /v1/revisions/1/restore": later},
			asked:  []string{`POST /v1/revisions/1/restore {"reason":""}`},
			stdout: "a: wanted stopped, is stopped: as wanted\nb: wanted stopped, is stopping: b-1 stops\n" + again, stderr: "warning: w\n",
		},
		{
			name: "in vain", args: "rollback 1 --wait=1s", script: map[string]said{"POST /v1/revisions/1/restore?wait=1s": later},
			asked: []string{`POST /v1/revisions/1/restore?wait=1s {"reason":""}`}, code: 1,
			stdout: "a: wanted stopped, is stopped: as wanted\nb: wanted stopped, is stopping: b-1 stops\n", stderr: "warning: w\nb: not as wanted yet: b-1 stops\n",
		},
		{
			name: "preview", args: "rollback 1 --dry-run", script: map[string]said{"POST /v1/revisions/1/restore?dry_run=true": {200, `{"pending":true,"services":[{"text":"a: stop p-a-1"}]}`}},
			asked: []string{`POST /v1/revisions/1/restore?dry_run=true {"reason":""}`}, code: 2, stdout: "a: stop p-a-1\n",
		},
		{name: "a wait that is apart", args: "rollback 1 --wait 30s", code: 2, stderr: "\"30s\" is no service; write --wait=30s\n"},
		{name: "no number", args: "rollback", code: 2, stderr: "requires at least 1 arg(s), only received 0; usage: reconciler rollback N [flags]\n"},
	})
}

func TestADifferenceMakesTheOneTextOfTheOther(t *testing.T) {
	line := rapid.SampledFrom([]string{"a", "b", "c", "-", "+x", " y", ""})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(line, 1, 12).Draw(t, "a"), rapid.SliceOfN(line, 1, 12).Draw(t, "b")
		var was, is []string
		for _, e := range script(a, b) {
			if e[0] != '+' {
				was = append(was, e[1:])
			}
			if e[0] != '-' {
				is = append(is, e[1:])
			}
		}
		if strings.Join(was, "\n") != strings.Join(a, "\n") || strings.Join(is, "\n") != strings.Join(b, "\n") {
			t.Fatalf("%q", script(a, b))
		}
	})
}

// TestADifferenceIsThatOfDiff compares with what diff -u said of the same.
func TestADifferenceIsThatOfDiff(t *testing.T) {
	var text [3]string
	for i, name := range []string{"a.txt", "b.txt", "a-b.diff"} {
		src, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(src)
	}
	if got := unified("a", "b", text[0], text[1]); got != text[2] {
		t.Errorf("got\n%s\nwant\n%s", got, text[2])
	}
	if got := unified("a", "b", "same\n", "same"); got != "" {
		t.Errorf("of the same lines: %q", got)
	}
}
