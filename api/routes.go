package api

import "net/http"

// route is one line of the table. What has no line is not answered.
type route struct {
	method  string
	path    string
	role    Role   // who may
	what    string // for docs/http.md
	handler http.HandlerFunc
}

func (s *server) routes() []route {
	return []route{
		{"GET", "/v1/state", "read", "the file: YAML, byte for byte, or JSON by `Accept`; `ETag`", s.showState},
		{"PUT", "/v1/state", "admin", "replaces the file: YAML, or JSON that is written as YAML; `If-Match`, `?wait=`", s.putState},
		{"GET", "/v1/services", "read", "the status of all services, and the orphans; `?group=`, `?status=`", s.listServices},
		{"GET", "/v1/services/{service}", "read", "the status of one service", s.showService},
		{"PUT", "/v1/services/{service}/state", "flip", "wants it `running`, `stopped` or, a job, `completed`; `?wait=`", s.putServiceState},
		{"POST", "/v1/services/{service}/start", "flip", "wants it running (a job: completed); wanted so already: tries now; `?wait=`", s.start},
		{"POST", "/v1/services/{service}/stop", "flip", "wants it stopped; `?wait=`", s.stop},
		{"POST", "/v1/services/{service}/restart", "flip", "restarts its containers one by one; a job: runs it again; `?wait=`", s.restart},
		{"POST", "/v1/reconcile", "flip", "looks at everything now", s.reconcileNow},
		{"GET", "/v1/plan", "read", "what would be done now, and why or why not; JSON, or text by `Accept: text/plain`", s.plan},
		{"GET", "/healthz", "none", "200 while the loop works, whatever the engine does", s.healthz},
		{"GET", "/readyz", "read", "200, or 503 with the reasons why the promise can't be kept now", s.readyz},
		{"GET", "/metrics", "read", "Prometheus metrics (docs/metrics.md)", s.opt.Metrics.ServeHTTP},
		{"GET", "/{$}", "read", "the page", s.page},
		{"GET", "/style.css", "none", "the page's style", s.style},
		{"GET", "/login", "none", "the form by which a person with a token comes to the page", s.login},
		{"POST", "/login", "none", "opens a session for the form's `token`, and sends to the page", s.postLogin},
		{"POST", "/logout", "none", "ends the session", s.logout},
	}
}
