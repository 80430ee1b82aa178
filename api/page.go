package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"net/http"
	"strings"

	"reconciler/desired"
	"reconciler/internal/rendering"
	"reconciler/reconcile"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var styleSource []byte

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"join": strings.Join,
}).Parse(pageSource))

// shownPage is what the page shows.
type shownPage struct {
	reconcile.Overview
	Version string
	File    string
	Why     []string // why not ready
	AsIs    int      // services that are as wanted
	Session bool     // somebody logged in, and may log out
}

// page is what should run, what runs, and why not; it needs no script.
func (s *server) page(w http.ResponseWriter, r *http.Request) {
	session := visitorOf(r).session
	a := answerTo{status: http.StatusOK, kind: "text/html; charset=utf-8", key: "page"}
	if session {
		a.key = "page of a session"
	}
	a.write = func(w io.Writer) (rendering.Made, error) {
		shown := shownPage{Overview: s.overview().overview, Version: s.opt.Version, File: s.opt.State.Path(), Why: s.unready(), Session: session}
		for _, n := range shown.Services {
			if n.Converged {
				shown.AsIs++
			}
		}
		var page bytes.Buffer
		err := pageTemplate.Execute(&page, shown)
		if err == nil {
			_, err = io.WriteString(w, desired.Harmless(page.String()))
		}
		return rendering.Made{}, err
	}
	large(w, r, s.answers, a)
}

func (s *server) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(styleSource)
}
