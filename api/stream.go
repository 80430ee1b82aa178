package api

import (
	"errors"
	"net/http"
	"time"
)

// errRevoked ends a stream whose reader may read no more.
var errRevoked = errors.New("the token of the stream is gone")

// stream is an answer without an end, such as events or a log that is
// followed. Each write has its own deadline, writeTimeout from when it begins,
// and reaches the client at once; a reader that is slower is cut off.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	welcome func() bool
}

// streaming makes the answer a stream. Set the headers before the first write.
// A write fails once the client has gone, and once its token or session is
// worth less than when it came; whoever has nothing to write for long writes
// something that says nothing, to notice.
func (s *server) streaming(w http.ResponseWriter, r *http.Request) *stream {
	v := visitorOf(r)
	return &stream{w: w, control: http.NewResponseController(w), welcome: func() bool { return s.welcome(r, v) }}
}

// welcome reports whether the visitor may still do what he might.
func (s *server) welcome(r *http.Request, v visitor) bool {
	if v.token == nil {
		return true // by the door
	}
	if v.session {
		if _, p := s.inSession(r, v.secure); p != nil {
			return false
		}
	}
	now, err := s.opt.Tokens.bySum(v.token.sum)
	return err == nil && now != nil && now.role.may(v.role)
}

// Write implements io.Writer.
func (s *stream) Write(b []byte) (int, error) {
	if !s.welcome() {
		return 0, errRevoked
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // only a real connection has one
	n, err := s.w.Write(b)
	if err == nil {
		err = s.control.Flush()
	}
	return n, err
}
