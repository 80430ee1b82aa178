package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhatOfTheRightsCannotBeKeptIsNamed(t *testing.T) {
	was := func() rights {
		return rights{uid: 1, gid: 2, mode: 0o640, attributes: map[string]string{"user.a": "1", "user.b": "2"}}
	}
	for name, c := range map[string]struct {
		change func(*rights)
		says   string // empty: they are equal
	}{
		"nothing":        {func(*rights) {}, ""},
		"the owner":      {func(r *rights) { r.uid = 3 }, "user 1 and group 2 (it became user 3, group 2)"},
		"the group":      {func(r *rights) { r.gid = 3 }, "user 1 and group 2 (it became user 1, group 3)"},
		"the mode":       {func(r *rights) { r.mode = 0o600 }, "mode 0640 (it became 0600)"},
		"owner and mode": {func(r *rights) { r.uid, r.mode = 3, 0 }, "user 1 and group 2 (it became user 3, group 2)"},
		"a value":        {func(r *rights) { r.attributes["user.b"] = "3" }, "attribute user.b"},
		"one less":       {func(r *rights) { delete(r.attributes, "user.a") }, "attribute user.a"},
		"one more":       {func(r *rights) { r.attributes["user.c"] = "" }, "lack of the attribute user.c"},
		"two of them":    {func(r *rights) { r.attributes = nil }, "attribute user.a"},
		"two more":       {func(r *rights) { r.attributes["user.d"], r.attributes["user.c"] = "", "" }, "lack of the attribute user.c"},
	} {
		now := was()
		c.change(&now)
		if equal := was().equal(now); equal != (c.says == "") {
			t.Errorf("%s: equal %t", name, equal)
		}
		if got := was().differs(now); c.says != "" && got != c.says {
			t.Errorf("%s: it says %q, want %q", name, got, c.says)
		}
	}
	if got := was().differs(was()); got != "rights" {
		t.Errorf("where nothing differs it says %q", got)
	}
	for want, err := range map[string]error{
		"state_owner: its mode 0640 can't be kept; write by hand, or run as that user or as root":                           errNotKept("its mode 0640", nil),
		"state_owner: its mode 0640 can't be kept (operation not permitted); write by hand, or run as that user or as root": errNotKept("its mode 0640", unix.EPERM),
	} {
		if err.Error() != want || !errors.Is(err, ErrOwner) {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

// What a file is nobody knows then, so that nothing is taken for it.
func TestOfWhatCannotBeAskedNoRightsAreKnown(t *testing.T) {
	f, err := os.Open(filepath.Join(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r, _, err := rightsOf(f); !errors.Is(err, unix.EBADF) || !strings.HasPrefix(err.Error(), "stat "+f.Name()) || r.attributes != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if err := (rights{}).keep(f); !errors.Is(err, unix.EBADF) {
		t.Errorf("kept: %v", err)
	}
	if err := errFixed(filepath.Join(f.Name(), "none")); err != nil {
		t.Errorf("what isn't there is fixed: %v", err)
	}
}

func TestWhatTellsItsSizeIsAskedUntilItsAnswerFits(t *testing.T) {
	odd := errors.New("odd")
	for name, c := range map[string]struct {
		sizes []int // at each question
		errs  map[int]error
		want  string
		err   error
		asked int
	}{
		"at once":         {[]int{3, 3}, nil, "xxx", nil, 2},
		"it is less":      {[]int{3, 2}, nil, "xx", nil, 2},
		"nothing":         {[]int{0}, nil, "", nil, 1},
		"it grew":         {[]int{3, -1, 5, 5}, map[int]error{1: unix.ERANGE}, "xxxxx", nil, 4},
		"no size":         {[]int{-1}, map[int]error{0: odd}, "", odd, 1},
		"none any more":   {[]int{3, -1}, map[int]error{1: odd}, "", odd, 2},
		"none, with size": {[]int{3}, map[int]error{0: odd}, "", odd, 1},
	} {
		asked := 0
		got, err := sized(func(to []byte) (int, error) {
			n, err := c.sizes[asked], c.errs[asked]
			for i := range min(n, len(to)) {
				to[i] = 'x'
			}
			asked++
			return n, err
		})
		if string(got) != c.want || !errors.Is(err, c.err) || asked != c.asked {
			t.Errorf("%s: %q, %v after %d questions; want %q, %v after %d", name, got, err, asked, c.want, c.err, c.asked)
		}
	}
}
