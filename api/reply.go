package api

import (
	"io"
	"net/http"

	"reconciler/internal/rendering"
)

// reply is what a handler answers with. write writes all of it; an error means
// that nothing was written yet, and is told instead.
type reply interface {
	write(w http.ResponseWriter, r *http.Request) error
}

// handler does what its route is for, and returns what to answer with, or why
// nothing came of it. It writes nothing itself: conclude does.
type handler func(r *http.Request) (reply, error)

// conclude ends a request with the reply, or with what the error means. Every
// answer is written by it, also those of the guards.
func conclude(w http.ResponseWriter, r *http.Request, what reply, err error) {
	if err == nil {
		err = what.write(w, r)
	}
	if err != nil {
		explain(err).write(w)
	}
}

// jsonOf is a Go value, as JSON.
type jsonOf struct {
	status int
	value  any
}

func (j jsonOf) write(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(j.status)
	_ = encodeJSON(w, j.value) // that the client went away is nobody's error
	return nil
}

// text is bytes of a media type.
type text struct {
	status int
	kind   string            // its Content-Type
	header map[string]string // what else it carries
	bytes  []byte
}

func (t text) write(w http.ResponseWriter, _ *http.Request) error {
	set(w, t.header)
	w.Header().Set("Content-Type", t.kind)
	w.WriteHeader(t.status)
	_, _ = w.Write(t.bytes) // that the client went away is nobody's error
	return nil
}

// unchanged says that the client has what it asks for already, by that ETag.
type unchanged struct{ tag string }

func (u unchanged) write(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("ETag", u.tag)
	w.WriteHeader(http.StatusNotModified)
	return nil
}

// redirect sends a browser on.
type redirect struct {
	to     string
	cookie *http.Cookie // that it is to keep from now on; nil: none
}

func (d redirect) write(w http.ResponseWriter, r *http.Request) error {
	if d.cookie != nil {
		http.SetCookie(w, d.cookie)
	}
	http.Redirect(w, r, d.to, http.StatusSeeOther)
	return nil
}

// large is an answer that a press makes, for one client or for all who ask; key
// and fill are those of a rendering.Order.
type large struct {
	press  *rendering.Press
	status int
	kind   string // its Content-Type
	key    string
	fill   func(w io.Writer) (rendering.Made, error)
}

func (l large) write(w http.ResponseWriter, r *http.Request) error {
	done, err := l.press.Make(r.Context(), rendering.Order{Key: l.key, Write: l.fill})
	if err != nil {
		return err
	}
	defer done.Close()
	w.Header().Set("Content-Type", l.kind)
	done.Serve(w, r, l.status, false)
	return nil
}

// live is an answer that goes on while things happen: what is waited for, and
// streams.
type live func(w http.ResponseWriter, r *http.Request) error

func (l live) write(w http.ResponseWriter, r *http.Request) error { return l(w, r) }

// from answers as another package's handler does.
func from(h http.Handler) handler {
	return func(*http.Request) (reply, error) {
		return live(func(w http.ResponseWriter, r *http.Request) error {
			h.ServeHTTP(w, r)
			return nil
		}), nil
	}
}

// set sets the headers of an answer.
func set(w http.ResponseWriter, header map[string]string) {
	for name, value := range header {
		w.Header().Set(name, value)
	}
}
