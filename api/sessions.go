package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	sessionLife    = 12 * time.Hour
	maxSessions    = 1024
	maxSessionsPer = 32 // of one token: who logs in without end ends only his own
)

// sessions are the logins of the page, in memory only. A session is worth what
// its token is worth at the moment, and nothing once that is gone. It is safe
// for concurrent use.
type sessions struct {
	now func() time.Time

	mu sync.Mutex
	// Keyed by the hash of the ID, so that the time of a look tells nothing.
	open map[[sha256.Size]byte]session
}

type session struct {
	sum  [sha256.Size]byte // of the token
	ends time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, open: make(map[[sha256.Size]byte]session)}
}

// begin opens a session of that token and returns its ID, 256 bits of chance.
func (s *sessions) begin(t *token) string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := base64.RawURLEncoding.EncodeToString(raw[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(t.sum)
	s.open[sha256.Sum256([]byte(id))] = session{sum: t.sum, ends: s.now().Add(sessionLife)}
	return id
}

// of returns the sum of the token that the session was opened with.
func (s *sessions) of(id string) (sum [sha256.Size]byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[sha256.Sum256([]byte(id))]
	return found.sum, ok && s.now().Before(found.ends)
}

// end closes the session, if there is one.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(id)))
}

// makeRoom drops what is over and then, while one more of that token would be too
// many, the session that ends first: of the token, or, where there are too many
// in all, of whichever has most. s.mu is held.
func (s *sessions) makeRoom(of [sha256.Size]byte) {
	held := make(map[[sha256.Size]byte]int)
	for key, n := range s.open {
		if !s.now().Before(n.ends) {
			delete(s.open, key)
			continue
		}
		held[n.sum]++
	}
	most := of
	if held[of] < maxSessionsPer {
		if len(s.open) < maxSessions {
			return
		}
		for sum, count := range held {
			if count > held[most] {
				most = sum
			}
		}
	}
	var first [sha256.Size]byte
	var ends time.Time
	for key, n := range s.open {
		if n.sum == most && (ends.IsZero() || n.ends.Before(ends)) {
			first, ends = key, n.ends
		}
	}
	delete(s.open, first)
}
