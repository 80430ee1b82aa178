package main

import "testing"

const (
	aStopped = `{"name":"a","desired":"stopped","status":"stopped","converged":true,"message":"as wanted"}`
	bStops   = `{"name":"b","desired":"stopped","status":"stopping","message":"b-1 stops","generation":3,"observed_generation":3}`
	aRuns    = `{"name":"a","desired":"running","status":"running","converged":true,"message":"a-1 runs"}`
	bRuns    = `{"name":"b","desired":"running","status":"running","converged":true,"message":"b-1 runs","warnings":["db is stopped"]}`
	both     = `{"generation":3,"services":[` + aStopped + `,` + bStops + `],"skipped":["job"],"warnings":["job: no job can be so"]}`
	listAB   = `{"project":"p","services":[{"name":"a","groups":["g"]},{"name":"b","groups":["g"]}]}`
)

func TestSeveralServicesAreOneRevision(t *testing.T) {
	told := "a: wanted stopped, is stopped: as wanted\nb: wanted stopped, is stopping: b-1 stops\n"
	leftOut := "skipped: job\nwarning: job: no job can be so\n"
	converse(t, []exchange{
		{
			name: "set", args: "set stopped b a --reason night",
			script: map[string]said{"PUT /v1/services/state?reason=night": {202, both}},
			asked:  []string{`PUT /v1/services/state?reason=night {"a":"stopped","b":"stopped"}`},
			stdout: told, stderr: leftOut,
		},
		{
			name: "stop", args: "stop a b",
			script: map[string]said{"PUT /v1/services/state": {202, both}},
			asked:  []string{`PUT /v1/services/state {"a":"stopped","b":"stopped"}`},
			stdout: told, stderr: leftOut,
		},
		{
			name: "a group", args: "set stopped --group my/g --reason night",
			script: map[string]said{"PUT /v1/groups/my%2Fg/state": {202, both}},
			asked:  []string{`PUT /v1/groups/my%2Fg/state {"reason":"night","state":"stopped"}`},
			stdout: told, stderr: leftOut,
		},
		{
			name: "all", args: "stop --all",
			script: map[string]said{"GET /v1/services": {200, listAB}, "PUT /v1/services/state": {202, both}},
			asked:  []string{"GET /v1/services", `PUT /v1/services/state {"a":"stopped","b":"stopped"}`},
			stdout: told, stderr: leftOut,
		},
		{
			name: "a wait in vain", args: "stop a b --wait=5s",
			script: map[string]said{"PUT /v1/services/state?wait=5s": {202, both}},
			asked:  []string{`PUT /v1/services/state?wait=5s {"a":"stopped","b":"stopped"}`},
			code:   1, stdout: told, stderr: leftOut + "b: not as wanted yet: b-1 stops\n",
		},
		{
			name: "one that is wrong", args: "set completed a b",
			script: map[string]said{"PUT /v1/services/state": {422, `{"type":"unsuitable_state","detail":"a is no job"}`}},
			asked:  []string{`PUT /v1/services/state {"a":"completed","b":"completed"}`},
			code:   1, stderr: "a is no job\n",
		},
		{
			name: "an unknown group", args: "stop --group nope",
			script: map[string]said{"PUT /v1/groups/nope/state": {404, `{"type":"unknown_group","detail":"no group nope"}`}},
			asked:  []string{`PUT /v1/groups/nope/state {"reason":"","state":"stopped"}`},
			code:   2, stderr: "no group nope\n",
		},
		{
			name: "a file of nothing", args: "stop --all",
			script: map[string]said{"GET /v1/services": {200, `{}`}}, asked: []string{"GET /v1/services"},
			code: 1, stderr: "the file lists no service\n",
		},
	})
}

func TestStartingSeveralIsOneRevisionAndATryForEach(t *testing.T) {
	starts := map[string]said{
		"PUT /v1/services/state":              {202, `{"services":[]}`},
		"PUT /v1/groups/g/state":              {202, `{"services":[{"name":"a"},{"name":"b"},{"name":"job"}],"skipped":["job"]}`},
		"POST /v1/services/a/start?wait=1m0s": {200, aRuns},
		"POST /v1/services/b/start?wait=1m0s": {200, aRuns},
		"POST /v1/services/a/start":           {200, aRuns},
		"POST /v1/services/b/start":           {503, `{"detail":"the engine is down"}`},
		"POST /v1/services/job/start":         {500, `{"detail":"a skipped one is not to be started"}`},
	}
	a := "a: wanted running, is running: a-1 runs\n"
	converse(t, []exchange{
		{
			name: "named", args: "start a b --wait", script: starts,
			asked: []string{
				`POST /v1/services/a/start?wait=1m0s {"reason":""}`, `POST /v1/services/b/start?wait=1m0s {"reason":""}`,
				`PUT /v1/services/state {"a":"running","b":"running"}`,
			},
			stdout: a + a,
		},
		{
			name: "a group, of which one fails", args: "start --group g", script: starts,
			asked: []string{
				`POST /v1/services/a/start {"reason":""}`, `POST /v1/services/b/start {"reason":""}`,
				`PUT /v1/groups/g/state {"reason":"","state":"running"}`,
			},
			code: 1, stdout: a, stderr: "skipped: job\nb: the engine is down\n",
		},
		{
			name: "warnings", args: "start b", script: map[string]said{"POST /v1/services/b/start": {200, bRuns}},
			asked:  []string{`POST /v1/services/b/start {"reason":""}`},
			stdout: "b: wanted running, is running: b-1 runs\n", stderr: "b: warning: db is stopped\n",
		},
	})
}

func TestADryRunChangesNothingAndExitsAsPlanDoes(t *testing.T) {
	todo := said{200, `{"pending":true,"services":[{"service":"a","pending":true,"text":"a: stop p-a-1"},{"service":"b","converged":true,"text":"b: nothing"}]}`}
	none := said{200, `{"services":[{"service":"a","text":"a: nothing, Suspended"},{"service":"b","text":"b: nothing\u001b[2J"}]}`}
	converse(t, []exchange{
		{
			name: "something to do", args: "set stopped a b --dry-run",
			script: map[string]said{"PUT /v1/services/state?dry_run=true": todo},
			asked:  []string{`PUT /v1/services/state?dry_run=true {"a":"stopped","b":"stopped"}`},
			code:   2, stdout: "a: stop p-a-1\n",
		},
		{
			name: "nothing to do", args: "stop a --dry-run",
			script: map[string]said{"POST /v1/services/a/stop?dry_run=true": none},
			asked:  []string{`POST /v1/services/a/stop?dry_run=true {"reason":""}`},
			stdout: "a: nothing, Suspended\nb: nothing[2J\nnothing to do\n",
		},
		{
			name: "start is one request", args: "start --group g --dry-run",
			script: map[string]said{"PUT /v1/groups/g/state?dry_run=true": todo},
			asked:  []string{`PUT /v1/groups/g/state?dry_run=true {"reason":"","state":"running"}`},
			code:   2, stdout: "a: stop p-a-1\n",
		},
		{
			name: "an error is 1, since 2 means something else", args: "stop --group nope --dry-run",
			script: map[string]said{"PUT /v1/groups/nope/state?dry_run=true": {404, `{"type":"unknown_group","detail":"no group nope"}`}},
			asked:  []string{`PUT /v1/groups/nope/state?dry_run=true {"reason":"","state":"stopped"}`},
			code:   1, stderr: "no group nope\n",
		},
		{
			name: "so is bad input", args: "start a --group g --dry-run",
			code: 1, stderr: "name services, or say --group, or --all; one of them\n",
		},
	})
}
