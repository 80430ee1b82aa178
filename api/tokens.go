package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrTokens is that of a token file that can't be read or used.
var ErrTokens = errors.New("the token file can't be used")

const (
	minToken     = 20 // characters; what is shorter can be guessed
	maxTokenFile = 1 << 20
	maxTokenErrs = 20 // that are told of one file
)

// token is one line of the token file: who holds the token whose SHA-256 is
// sum, and what he may.
type token struct {
	name string
	role Role
	sum  [sha256.Size]byte
}

// racy is for how long after its last change a file is read anew though its stat
// stayed: file systems count time in steps, and in one there is room for a
// change that follows our reading (git's "racy clean").
const racy = 2 * time.Second

// Tokens are those of a token file, which is read anew whenever its stat
// changed. While the file can't be used nobody has a token. It is safe for
// concurrent use, and holds no lock while it reads.
type Tokens struct {
	path  string
	warn  func(error)
	now   atomic.Pointer[reading]
	looks looks    // at the file: a disk that doesn't answer holds up nobody for long
	short sync.Map // the sums of the tokens that were shown, too short, and told of
}

// reading is what was in the token file. It doesn't change.
type reading struct {
	stat  os.FileInfo // of the file before it was read; nil: it couldn't be opened
	young bool        // it had just been changed then, so that its stat proves nothing
	list  []token
	err   error

	unanswered bool // the disk gave no answer
}

// OpenTokens reads a token file: lines of a name, a role (read, flip or admin)
// and the SHA-256 of the token in hex; empty lines and those that begin with #
// say nothing. The file must not be writable by its group or by others. The
// error is an ErrTokens with the line. warn is told of an ErrTokens when the
// file can't be used later on, once for each reason, and of each token that is
// shown and too short to count, once; it must return at once. nil: nobody is.
func OpenTokens(path string, warn func(error)) (*Tokens, error) {
	if warn == nil {
		warn = func(error) {}
	}
	t := &Tokens{path: path, warn: warn}
	return t, t.Reload()
}

// Reload reads the file now, though its stat may not have changed. While it
// fails nobody has a token.
func (t *Tokens) Reload() error {
	now := t.load()
	t.now.Store(now)
	return now.err
}

// trouble returns why nobody gets in by a token now; empty: they do.
func (t *Tokens) trouble() string {
	if _, err := t.current(); err != nil {
		return "nobody gets in by a token: " + err.Error()
	}
	return ""
}

// find returns the token whose secret this is; nil if it is nobody's. The
// error is an ErrTokens.
func (t *Tokens) find(secret string) (*token, error) {
	found, err := t.bySum(sha256.Sum256([]byte(secret)))
	if found == nil || len(secret) >= minToken {
		return found, err
	}
	// The file doesn't tell how long a token is, so it shows only here.
	if _, told := t.short.LoadOrStore(found.sum, true); !told {
		t.warn(fmt.Errorf("the token of %s has less than %d characters and counts for nothing: delete its line and make another (reconciler token new)", found.name, minToken))
	}
	return nil, err
}

// bySum returns the token of that sum, in a time that doesn't tell how near
// the sum comes to one.
func (t *Tokens) bySum(sum [sha256.Size]byte) (*token, error) {
	list, err := t.current()
	var found *token
	for i := range list {
		if subtle.ConstantTimeCompare(list[i].sum[:], sum[:]) == 1 {
			found = &list[i]
		}
	}
	return found, err
}

// current returns the tokens of the file as it is now.
func (t *Tokens) current() ([]token, error) {
	was := t.now.Load()
	now := t.latest(was)
	if now == was {
		return was.list, was.err
	}
	// Who comes too late has read as much as who was quicker.
	if t.now.CompareAndSwap(was, now) && now.err != nil && (was.err == nil || was.err.Error() != now.err.Error()) {
		t.warn(now.err)
	}
	return now.list, now.err
}

// same reports whether it is the same file, and was not changed: everybody can
// set the time at which it was written, nobody the one at which it was changed.
func same(was, now os.FileInfo) bool {
	return was != nil && os.SameFile(was, now) && changed(was).Equal(changed(now)) &&
		was.ModTime().Equal(now.ModTime()) && was.Size() == now.Size() && was.Mode() == now.Mode()
}

// changed is when the file, its name, mode or owner was changed.
func changed(info os.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(stat.Ctim.Unix())
}

// latest returns was while the file is as it was then, else what is in it now.
func (t *Tokens) latest(was *reading) *reading {
	now, err := look(&t.looks, "look at it", func() (*reading, error) {
		stat, err := os.Stat(t.path)
		if err != nil && was.stat == nil && !was.unanswered || err == nil && same(was.stat, stat) && !was.young {
			return was, nil
		}
		return t.read(), nil
	})
	switch {
	case err == nil:
		return now
	case was.unanswered:
		return was
	}
	return t.unanswered(err)
}

// load reads the file.
func (t *Tokens) load() *reading {
	now, err := look(&t.looks, "read it", func() (*reading, error) { return t.read(), nil })
	if err != nil {
		return t.unanswered(err)
	}
	return now
}

func (t *Tokens) unanswered(err error) *reading {
	return &reading{unanswered: true, err: fmt.Errorf("%w: %s: %w", ErrTokens, t.path, err)}
}

// read reads the file, for however long that takes.
func (t *Tokens) read() *reading {
	now := new(reading)
	src, stat, err := readTokens(t.path)
	if err == nil {
		now.list, err = parseTokens(src)
	}
	if now.stat = stat; stat != nil {
		now.young = time.Since(changed(stat)) < racy
	}
	if err != nil {
		now.list, now.err = nil, fmt.Errorf("%w: %s: %w", ErrTokens, t.path, err)
	}
	return now
}

// readTokens returns the file and the stat that it had before it was read.
func readTokens(path string) ([]byte, os.FileInfo, error) {
	// A FIFO must not hold us up; it is refused below.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, info, errors.New("it is not a regular file")
	case info.Mode().Perm()&0o022 != 0:
		return nil, info, fmt.Errorf("its mode %#o lets others than its owner write it; chmod go-w", info.Mode().Perm())
	case info.Size() > maxTokenFile:
		return nil, info, fmt.Errorf("it is longer than %d bytes", maxTokenFile)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	return src, info, err
}

var tokenName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,62}$`)

// CheckTokenName returns why a token can't be called so, or nil.
func CheckTokenName(name string) error {
	if !tokenName.MatchString(name) {
		return fmt.Errorf("the name %.64q is not like %s", name, tokenName)
	}
	return nil
}

// parseTokens returns the tokens, or what is wrong, each with its line.
func parseTokens(src []byte) ([]token, error) {
	var list []token
	var errs []error
	names, holders, more, i := make(map[string]bool), make(map[[sha256.Size]byte]string), 0, 0
	for line := range bytes.SplitSeq(src, []byte("\n")) {
		i++
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		n, err := parseToken(string(line))
		holder, held := holders[n.sum]
		switch {
		case err == nil && names[n.name]:
			err = fmt.Errorf("the name %s stands there twice", n.name)
		case err == nil && held:
			err = fmt.Errorf("%s has the token of %s", n.name, holder)
		}
		switch {
		case err == nil:
			list = append(list, n)
			names[n.name], holders[n.sum] = true, n.name
		case len(errs) < maxTokenErrs:
			errs = append(errs, fmt.Errorf("line %d: %w", i, err))
		default:
			more++
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", more))
	}
	return list, errors.Join(errs...)
}

func parseToken(line string) (token, error) {
	var n token
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return n, errors.New("write a name, a role and the SHA-256 of the token")
	}
	n.name, n.role = fields[0], Role(fields[1])
	if err := CheckTokenName(n.name); err != nil {
		return n, err
	}
	sum, err := hex.DecodeString(fields[2])
	switch {
	case n.role != Read && n.role != Flip && n.role != Admin:
		return n, fmt.Errorf("%.64q is no role; there are read, flip and admin", fields[1])
	case err != nil || len(sum) != sha256.Size:
		return n, fmt.Errorf("the third word of %s is no SHA-256: 64 digits in hex (never the token itself)", n.name)
	}
	n.sum = [sha256.Size]byte(sum)
	return n, nil
}
