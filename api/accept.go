package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// negotiate returns which of the offers the client likes best by its Accept
// headers, the first of those that it likes alike; empty: it takes none. Of the
// ranges that fit an offer the most specific one counts (RFC 9110, 12.5.1);
// parameters other than q are not looked at, and what can't be read is no
// range. No header: anything.
func negotiate(accept, offers []string) string {
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return offers[0]
	}
	best, most := "", 0.0
	for _, offer := range offers {
		if q := liking(accept, offer); q > most {
			best, most = offer, q
		}
	}
	return best
}

// liking is how much the client likes the media type, from 0 to 1.
func liking(accept []string, offer string) float64 {
	q, closest := 0.0, 0
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(one)
		if near := closeness(kind, offer); err == nil && near > closest {
			q, closest = quality(parameters), near
		}
	}
	return q
}

// closeness is how specifically a range means the media type; 0: not at all.
func closeness(kind, offer string) int {
	family, _, _ := strings.Cut(offer, "/")
	switch kind {
	case offer:
		return 3
	case family + "/*":
		return 2
	case "*/*":
		return 1
	}
	return 0
}

// quality is the q of a range; one that can't be read is 0.
func quality(parameters map[string]string) float64 {
	text, given := parameters["q"]
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

func notAcceptable(r *http.Request, offers []string) *problem {
	return newProblem(http.StatusNotAcceptable, "not_acceptable", "%s is told as %s, and the request's Accept takes none of that", r.URL.Path, strings.Join(offers, " or "))
}
