package api

import (
	"context"
	"net/http"
	"slices"
)

// Role is what somebody may do; each may what those before it may.
type Role string

// The roles. The zero value is as None.
const (
	None  Role = "none"  // what anybody may who reaches the door
	Read  Role = "read"  // look, but not at logs
	Flip  Role = "flip"  // change whether a service runs
	Admin Role = "admin" // all that HTTP can do
)

var ranks = []Role{None, Read, Flip, Admin}

// may reports whether the role suffices where needed is asked for. A role that
// nobody knows may nothing, and suffices nowhere.
func (has Role) may(needed Role) bool {
	if has == "" {
		has = None
	}
	a, b := slices.Index(ranks, has), slices.Index(ranks, needed)
	return a >= 0 && b >= 0 && a >= b
}

// visitor is who makes a request, as the guards found out.
type visitor struct {
	role  Role
	actor string // as revisions name it, http:panel
	token *token // by which the role is held; nil: by the door
	// session tells that the token came by the cookie of the page.
	session bool
	// secure tells that the connection is encrypted.
	secure bool
}

type visitorKey struct{}

func (v visitor) enter(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
}

// visitorOf returns who makes the request; nobody where no guard let it in.
func visitorOf(r *http.Request) visitor {
	v, _ := r.Context().Value(visitorKey{}).(visitor)
	return v
}

// permit returns why the request may not do what needs that role: for handlers
// that do more than their route's role allows.
func permit(r *http.Request, needed Role) error {
	if visitorOf(r).role.may(needed) {
		return nil
	}
	return lacks(needed)
}

func lacks(needed Role) *problem {
	return newProblem(http.StatusForbidden, "role", "this needs the role %s", needed)
}

// actor says who makes the request, as revisions and the log name it.
func actor(r *http.Request) string { return visitorOf(r).actor }
