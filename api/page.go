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
	reconcile.Known
	Version string
	File    string
	Why     []string // why not ready
	AsIs    int      // services that are as wanted
	Session bool     // somebody logged in, and may log out
}

// page is what should run, what runs, and why not; it needs no script.
func (s *server) page(r *http.Request) (reply, error) {
	session := visitorOf(r).session
	key := "page"
	if session {
		key = "page of a session"
	}
	return large{press: s.answers, status: http.StatusOK, kind: htmlText, key: key, fill: func(w io.Writer) (rendering.Made, error) {
		shown := shownPage{Known: s.latest().Known, Version: s.opt.Version, File: s.opt.State.Path(), Why: s.unready(), Session: session}
		for _, n := range shown.Services {
			if n.Converged {
				shown.AsIs++
			}
		}
		var page bytes.Buffer
		if err := pageTemplate.Execute(&page, shown); err != nil {
			return rendering.Made{}, err
		}
		_, err := io.WriteString(w, desired.Harmless(page.String()))
		return rendering.Made{}, err
	}}, nil
}

func (s *server) style(*http.Request) (reply, error) {
	return text{status: http.StatusOK, kind: cssText, header: map[string]string{"Cache-Control": "max-age=3600"}, bytes: styleSource}, nil
}
