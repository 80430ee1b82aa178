package api

import (
	"context"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"

	"golang.org/x/sync/semaphore"

	"reconciler/internal/rendering"
)

// smallBody is the most bytes of a body that waits for no other: so a flip
// waits for no upload. Nobody who shows nothing may send more.
const smallBody = 4 << 10

// sweptBody is the least size of a body before which the heap is swept: some
// 50 ms, for what takes a second.
const sweptBody = 256 << 10

// uploads are the large bodies that are there. Many are read at once, for who
// sends may be slow; one is used at a time, for what it is parsed into is many
// times as large.
type uploads struct {
	room *semaphore.Weighted
	turn chan struct{}
}

func newUploads() *uploads {
	return &uploads{room: semaphore.NewWeighted(roomForBodies), turn: make(chan struct{}, 1)}
}

// upload is the body of a request that has room for it, and its turn once it was
// read.
type upload struct {
	io.ReadCloser
	all   *uploads
	size  int64
	turns bool
}

// receive limits the request's body and waits for room for it. The problem says
// that there is none.
func (s *server) receive(w http.ResponseWriter, r *http.Request, to route) *problem {
	most := int64(maxBody)
	if to.role == None {
		most = smallBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if len(to.takes) == 0 || r.ContentLength <= smallBody {
		return nil // it isn't read, or is small; one in chunks is refused
	}
	u := &upload{ReadCloser: r.Body, all: s.uploads, size: min(r.ContentLength, most)}
	ctx, cancel := context.WithTimeout(r.Context(), rendering.Patience)
	defer cancel()
	if s.uploads.room.Acquire(ctx, u.size) != nil {
		return busy("too many large bodies are being sent; send this one again in a moment")
	}
	r.Body = u
	return nil
}

// use waits until no other large body is used. Whose turn it is at once has it
// though ctx has ended: the client may only have shut its half of the connection.
func (u *upload) use(ctx context.Context) error {
	select {
	case u.all.turn <- struct{}{}:
	default:
		ctx, cancel := context.WithTimeout(ctx, rendering.Patience)
		defer cancel()
		select {
		case u.all.turn <- struct{}{}:
		case <-ctx.Done():
			return busy("too many large bodies were sent; send this one again in a moment")
		}
	}
	u.turns = true
	if u.size >= sweptBody {
		// What the one before was parsed into would be there beside this one's:
		// a machine that is busy with something else collects it too late.
		debug.FreeOSMemory()
	}
	return nil
}

// used gives back what the request's body holds, once nothing of it is needed
// any more; a second time it does nothing.
func used(r *http.Request) {
	u, ok := r.Body.(*upload)
	if !ok {
		return
	}
	u.leave()
	u.all.room.Release(u.size)
	u.size = 0
}

// leave gives back the body's turn, if it has it.
func (u *upload) leave() {
	if u.turns {
		u.turns = false
		<-u.all.turn
	}
}

// busy is what is said where there is no room.
func busy(format string, args ...any) *problem {
	p := newProblem(http.StatusServiceUnavailable, "busy", format, args...)
	p.header = map[string]string{"Retry-After": strconv.Itoa(rendering.RetryAfter)}
	return p
}
