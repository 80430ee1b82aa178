package rendering

import (
	"net/http"
	"strconv"
	"strings"
)

// Serve answers with it. The headers that say what it is must be set. packed
// says that it may go as gzip to clients that take that.
func (n *Print) Serve(w http.ResponseWriter, r *http.Request, status int, packed bool) {
	if packed {
		w.Header().Add("Vary", "Accept-Encoding")
	}
	if packed = packed && takesGzip(r.Header.Values("Accept-Encoding")); packed {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(n.packed)))
	} else {
		w.Header().Set("Content-Length", strconv.FormatInt(n.size, 10))
	}
	if n.made.Tag != "" {
		w.Header().Set("ETag", n.made.Tag)
	}
	w.WriteHeader(status)
	switch {
	case r.Method == http.MethodHead:
	case packed:
		_, _ = w.Write(n.packed) // that the client went away is nobody's error
	default:
		_, _ = n.WriteTo(w)
	}
}

// takesGzip reports whether the client takes it, by its Accept-Encoding headers
// (RFC 9110, 12.5.3). Whoever says nothing is taken to want the bytes as they
// are.
func takesGzip(accept []string) bool {
	whatever := false
	for one := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, parameters, _ := strings.Cut(one, ";")
		liked := true
		if name, value, given := strings.Cut(strings.TrimSpace(parameters), "="); given && strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			liked = err == nil && q > 0 && q <= 1
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return liked
		case "*":
			whatever = liked
		}
	}
	return whatever
}
