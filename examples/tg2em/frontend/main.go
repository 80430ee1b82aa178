// Command frontend is the example's panel: a page with a button to start and one
// to stop each service, from a container that has no docker.sock. It asks a
// running reconciler, through the socket that they share or by token, and knows
// nothing else of the host.
//
// It has no login: whoever reaches it may flip. So publish it on loopback, or
// put your own login before it. It is set by the environment: RECONCILER_SERVER
// (unix:PATH or https://HOST:PORT), RECONCILER_TOKEN or RECONCILER_TOKEN_FILE,
// SSL_CERT_FILE for a CA of one's own, NAME (the service that this panel is) and
// PANEL_HOSTS (the names it is asked by, besides loopback's).
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience is how long a button waits until it is so.
const patience = 20 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, ":8080", os.Getenv); err != nil {
		log.Fatal(err)
	}
}

// serve answers at the address until ctx ends.
func serve(ctx context.Context, address string, env func(string) string) error {
	door, err := newDoor(env)
	if err != nil {
		return err
	}
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, strings.FieldsFunc(env("PANEL_HOSTS"), func(r rune) bool { return r == ',' || r == ' ' })...)
	server := &http.Server{
		Addr: address, Handler: (&panel{door, env("NAME"), hosts}).routes(), MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: deadline + 5*time.Second, IdleTimeout: time.Minute,
	}
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // who stops this panel by its own button still gets an answer
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", address, err)
	}
	<-ended
	return nil
}

// service is what the panel shows of one.
type service struct {
	Name      string   `json:"name"`
	Desired   string   `json:"desired"`
	Status    string   `json:"status"`
	Converged bool     `json:"converged"`
	PID       int      `json:"pid"`
	Port      *int     `json:"port"`
	Message   string   `json:"message"`
	Groups    []string `json:"groups"`
}

// panel answers the browser. self is the service that it is itself, or empty.
type panel struct {
	*door
	self  string
	hosts []string
}

//go:embed page.html
var pageSource string

//go:embed style.css
var style []byte

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// routes keep the paths of the hand-written panel.
func (p *panel) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { p.page(w, r, nil, nil) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /admin/services/status", p.status)
	mux.HandleFunc("POST /admin/services/{name}/{verb}", p.flip)
	mux.HandleFunc("POST /admin/groups/{name}/{verb}", p.flip)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		// A web page could point its own name at this host.
		if name := (&url.URL{Host: r.Host}).Hostname(); !slices.Contains(p.hosts, strings.ToLower(name)) {
			http.Error(w, fmt.Sprintf("not asked by the name %q: PANEL_HOSTS says which there are", name), http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		guarded.ServeHTTP(w, r)
	})
}

// status answers as the old panel did, for all services at once.
func (p *panel) status(w http.ResponseWriter, r *http.Request) {
	services, err := p.services(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	type old struct {
		Status  string `json:"status"`
		PID     int    `json:"pid"`
		Port    *int   `json:"port"`
		Message string `json:"message"`
	}
	all := make(map[string]old)
	for _, s := range services {
		all[s.Name] = old{s.Status, s.PID, s.Port, s.Message}
	}
	respond(w, "application/json", http.StatusOK, all)
}

func (p *panel) services(ctx context.Context) ([]service, error) {
	var o struct{ Services []service }
	err := p.call(ctx, http.MethodGet, "/v1/services", nil, &o)
	return o.Services, err
}

// flip is a button: of a service, or of a group, which is one edit. A browser
// gets the page again; a program that asks for JSON, reconciler's own answer.
func (p *panel) flip(w http.ResponseWriter, r *http.Request) {
	name, verb := r.PathValue("name"), r.PathValue("verb")
	want, known := map[string]string{"start": "running", "stop": "stopped"}[verb]
	if !known {
		http.NotFound(w, r)
		return
	}
	wait := patience
	if verb == "stop" {
		itself, err := p.isSelf(r, name)
		if err == nil && itself && r.FormValue("confirm") != p.self {
			err = &problem{
				Type: "confirm", Title: "this stops the panel itself", Status: http.StatusConflict,
				Detail: fmt.Sprintf("tick the box to stop %s; on the host, `reconciler start %s` brings it back", p.self, p.self),
			}
		}
		if err != nil {
			p.answer(w, r, nil, err)
			return
		}
		if itself {
			wait = 0 // nobody would be there to hear the end of it
		}
	}
	method, path, body := http.MethodPost, "/v1/services/"+url.PathEscape(name)+"/"+verb, any(nil)
	if isGroup(r) {
		method, path, body = http.MethodPut, "/v1/groups/"+url.PathEscape(name)+"/state", map[string]string{"state": want}
	}
	var answer json.RawMessage
	err := p.call(r.Context(), method, path+"?wait="+wait.String(), body, &answer)
	p.answer(w, r, answer, err)
}

func isGroup(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/admin/groups/") }

// isSelf reports whether the service of that name, or one of the group, is this
// panel.
func (p *panel) isSelf(r *http.Request, name string) (bool, error) {
	if !isGroup(r) {
		return name == p.self, nil
	}
	services, err := p.services(r.Context())
	return slices.Contains(groups(services, p.self), group{name, true}), err
}

// group is one of the file's. Self: this panel is in it.
type group struct {
	Name string
	Self bool
}

// groups are those of all services, by name.
func groups(services []service, self string) []group {
	all := make(map[string]bool)
	for _, s := range services {
		for _, name := range s.Groups {
			all[name] = all[name] || s.Name == self
		}
	}
	var sorted []group
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, group{name, all[name]})
	}
	return sorted
}

// answer ends a flip. What was skipped and warned of is shown, once.
func (p *panel) answer(w http.ResponseWriter, r *http.Request, raw json.RawMessage, err error) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		if err != nil {
			fail(w, err)
			return
		}
		respond(w, "application/json", http.StatusOK, raw)
		return
	}
	var told struct{ Skipped, Warnings []string }
	if err == nil {
		err = json.Unmarshal(raw, &told)
	}
	for _, name := range told.Skipped {
		told.Warnings = append(told.Warnings, name+" was left out")
	}
	if err == nil && len(told.Warnings) == 0 {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.page(w, r, told.Warnings, err)
}

// page shows all services, and what came of the button before: notices, or the
// reason why it was refused, in reconciler's words.
func (p *panel) page(w http.ResponseWriter, r *http.Request, notices []string, refused error) {
	services, err := p.services(r.Context())
	shown := struct {
		Self     string
		Services []service
		Groups   []group
		Notices  []string
		Problem  *problem
	}{Self: p.self, Services: services, Groups: groups(services, p.self), Notices: notices}
	status := http.StatusOK
	if refused == nil {
		refused = err
	}
	if refused != nil {
		shown.Problem = asProblem(refused)
		status = shown.Problem.code()
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, shown); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

func asProblem(err error) *problem {
	if p := new(problem); errors.As(err, &p) {
		return p
	}
	return &problem{Title: "the panel failed", Status: http.StatusInternalServerError, Detail: err.Error()}
}

func fail(w http.ResponseWriter, err error) {
	p := asProblem(err)
	respond(w, "application/problem+json", p.code(), p)
}

func respond(w http.ResponseWriter, media string, status int, v any) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may be gone
}
