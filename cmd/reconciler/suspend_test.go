package main

import (
	"strings"
	"testing"
	"time"
)

func TestSuspendAndResume(t *testing.T) {
	held := said{202, `{"name":"web","desired":"running","status":"running","message":"m","suspended":{"until":"2099-12-01T18:00:00Z","reason":"r"}}`}
	holds := "web: wanted running (suspended until 2099-12-01T18:00:00Z: r), is running: m\n"
	free := said{200, `{"name":"web","desired":"running","status":"running","message":"m"}`}
	waits := said{202, `{"name":"web","desired":"running","status":"starting","message":"m"}`}
	group := said{200, `{"services":[{"name":"web","groups":["g"]},{"name":"db","groups":[]}]}`}
	plan := said{200, `{"pending":true,"services":[{"service":"web","pending":true,"text":"web: start p-web-1"},{"service":"db","pending":true,"text":"db: start p-db-1"}]}`}
	calm := said{200, `{"pending":true,"services":[{"service":"web","text":"web: nothing, Suspended"},{"service":"db","pending":true,"text":"db: start p-db-1"}]}`}
	converse(t, []exchange{
		{
			name: "for a while", args: "suspend web --for 2h --reason r",
			script: map[string]said{"PUT /v1/services/web/suspend": held},
			asked:  []string{`PUT /v1/services/web/suspend {"for":"2h0m0s","reason":"r"}`}, stdout: holds,
		},
		{
			name: "until a time; waiting for it is not in vain", args: "suspend web --until 2099-12-01T19:00:00+01:00 --wait",
			script: map[string]said{"PUT /v1/services/web/suspend?wait=1m0s": held},
			asked:  []string{`PUT /v1/services/web/suspend?wait=1m0s {"reason":"","until":"2099-12-01T18:00:00Z"}`}, stdout: holds,
		},
		{
			name: "a group, until resumed", args: "suspend --group g",
			script: map[string]said{"GET /v1/services": group, "PUT /v1/services/web/suspend": held},
			asked:  []string{"GET /v1/services", `PUT /v1/services/web/suspend {"reason":""}`}, stdout: holds,
		},
		{
			name: "resume", args: "resume web --reason done",
			script: map[string]said{"DELETE /v1/services/web/suspend?reason=done": free},
			asked:  []string{`DELETE /v1/services/web/suspend?reason=done`}, stdout: "web: wanted running, is running: m\n",
		},
		{
			name: "resume in vain", args: "resume web --wait=2s",
			script: map[string]said{"DELETE /v1/services/web/suspend?wait=2s": waits},
			asked:  []string{`DELETE /v1/services/web/suspend?wait=2s`},
			code:   1, stdout: "web: wanted running, is starting: m\n", stderr: "web: not as wanted yet: m\n",
		},
		{
			name: "what resuming would do", args: "resume web db --dry-run",
			script: map[string]said{"DELETE /v1/services/web/suspend?dry_run=true": plan, "DELETE /v1/services/db/suspend?dry_run=true": plan},
			asked:  []string{"DELETE /v1/services/db/suspend?dry_run=true", "DELETE /v1/services/web/suspend?dry_run=true"},
			code:   2, stdout: "web: start p-web-1\ndb: start p-db-1\n",
		},
		{
			name: "what suspending would do, whatever others do", args: "suspend web --dry-run",
			script: map[string]said{"PUT /v1/services/web/suspend?dry_run=true": calm},
			asked:  []string{`PUT /v1/services/web/suspend?dry_run=true {"reason":""}`}, stdout: "web: nothing, Suspended\n",
		},
		{name: "two ends", args: "suspend web --for 2h --until 18:00", code: 2, stderr: "say --for or --until, not both\n"},
		{name: "no time", args: "suspend web --for 0s", code: 2, stderr: "--for=0s is no time to come\n"},
		{name: "a time that is over", args: "suspend web --until 2001-01-01", code: 2, stderr: "--until 2001-01-01 is over\n"},
	})
}

func TestATimeOfDayIsTheNextOfItsKind(t *testing.T) {
	east := time.FixedZone("", 2*3600)
	now := time.Date(2026, 12, 31, 18, 0, 0, 0, east)
	for text, want := range map[string]string{
		"18:01":                "2026-12-31T18:01:00+02:00",
		"18:00":                "2027-01-01T18:00:00+02:00",
		"07:30":                "2027-01-01T07:30:00+02:00",
		"2027-01-02":           "2027-01-02T00:00:00+02:00",
		"2026-12-31 18:30":     "2026-12-31T18:30:00+02:00",
		"2026-12-31T17:00:00Z": "2026-12-31T17:00:00Z",
		"2026-12-31T15:00:00Z": "over",
		"2026-12-31 17:59":     "over",
		"tomorrow":             "no time",
	} {
		at, err := instant(text, now)
		got := at.Format(time.RFC3339)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
