package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// rights are who may do what with a file, and what else is attached to it:
// owner, mode, and extended attributes, of which POSIX ACLs, capabilities and
// the labels of security modules are some.
type rights struct {
	uid, gid   uint32
	mode       uint32 // with the bits of setuid and the like
	attributes map[string]string
}

// aclAttribute holds the POSIX ACL. Its mask is what the mode shows as the
// group's bits: a mode that is kept without it widens the group's rights.
const aclAttribute = "system.posix_acl_access"

// capabilityAttribute goes when the file is written to or given away.
const capabilityAttribute = "security.capability"

// contentAttributes are made by the kernel from the bytes and the inode. They
// can't be those of another file, and give nobody anything.
var contentAttributes = []string{"security.ima", "security.evm"}

func (r rights) equal(o rights) bool {
	return r.uid == o.uid && r.gid == o.gid && r.mode == o.mode && maps.Equal(r.attributes, o.attributes)
}

// differs says in words what of r the other lacks or has beyond it.
func (r rights) differs(o rights) string {
	switch {
	case r.uid != o.uid || r.gid != o.gid:
		return fmt.Sprintf("user %d and group %d (it became user %d, group %d)", r.uid, r.gid, o.uid, o.gid)
	case r.mode != o.mode:
		return fmt.Sprintf("mode %04o (it became %04o)", r.mode, o.mode)
	}
	for _, name := range slices.Sorted(maps.Keys(r.attributes)) {
		if r.attributes[name] != o.attributes[name] {
			return "attribute " + name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.attributes)) {
		if _, has := r.attributes[name]; !has {
			return "lack of the attribute " + name
		}
	}
	return "rights"
}

// rightsOf reads them. trusted.* is shown to root only.
func rightsOf(f *os.File) (rights, unix.Stat_t, error) {
	var st unix.Stat_t
	fd := int(f.Fd())
	if err := unix.Fstat(fd, &st); err != nil {
		return rights{}, st, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	r := rights{uid: st.Uid, gid: st.Gid, mode: st.Mode & 0o7777, attributes: make(map[string]string)}
	names, err := sized(func(to []byte) (int, error) { return unix.Flistxattr(fd, to) })
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) {
		return r, st, nil // this file system has none
	}
	if err != nil {
		return rights{}, st, &fs.PathError{Op: "list the attributes of", Path: f.Name(), Err: err}
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if name == "" || slices.Contains(contentAttributes, name) {
			continue
		}
		value, err := sized(func(to []byte) (int, error) { return unix.Fgetxattr(fd, name, to) })
		switch {
		case errors.Is(err, unix.ENODATA): // removed meanwhile
		case err != nil:
			return rights{}, st, &fs.PathError{Op: "read the attribute " + name + " of", Path: f.Name(), Err: err}
		default:
			r.attributes[name] = string(value)
		}
	}
	return r, st, nil
}

// sized calls what tells its size when asked with nothing, until the answer
// fits.
func sized(call func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := call(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		buf := make([]byte, n)
		n, err = call(buf)
		if !errors.Is(err, unix.ERANGE) { // it grew meanwhile
			return buf[:max(0, n)], err
		}
	}
}

// errNotKept is ErrOwner with what could not be kept, and what to do.
func errNotKept(what string, err error) error {
	const remedy = "write by hand, or run as that user or as root"
	if err == nil {
		return fmt.Errorf("%w: %s can't be kept; %s", ErrOwner, what, remedy)
	}
	return fmt.Errorf("%w: %s can't be kept (%w); %s", ErrOwner, what, err, remedy)
}

// keep gives the new file those rights, all of them or an error. It is nobody's
// but its owner's until the last step, which makes it what the old one is: no
// ACL that it has from its folder counts meanwhile. Nothing may be written to
// it afterwards.
func (r rights) keep(f *os.File) error {
	fd := int(f.Fd())
	now, _, err := rightsOf(f)
	if err != nil {
		return err
	}
	if r.uid != now.uid || r.gid != now.gid {
		if err := f.Chown(int(r.uid), int(r.gid)); err != nil {
			return errNotKept(fmt.Sprintf("it belongs to user %d, group %d, which", r.uid, r.gid), errors.Unwrap(err))
		}
	}
	for name := range now.attributes {
		// What can't be removed, such as a label that each file must have, is
		// compared in the end.
		if _, had := r.attributes[name]; !had {
			_ = unix.Fremovexattr(fd, name)
		}
	}
	set := func(name string) error {
		value, has := r.attributes[name]
		if !has {
			return nil
		}
		if err := unix.Fsetxattr(fd, name, []byte(value), 0); err != nil {
			return errNotKept("its attribute "+name, err)
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.attributes)) {
		if is, has := now.attributes[name]; name == aclAttribute || has && is == r.attributes[name] && name != capabilityAttribute {
			continue
		}
		if err := set(name); err != nil {
			return err
		}
	}
	if err := set(aclAttribute); err != nil { // last: with it others get at the file
		return err
	}
	if err := unix.Fchmod(fd, r.mode); err != nil {
		return errNotKept(fmt.Sprintf("its mode %04o", r.mode), err)
	}
	now, _, err = rightsOf(f)
	if err != nil {
		return err
	}
	if !r.equal(now) {
		return errNotKept("its "+r.differs(now), nil)
	}
	return nil
}

// errFixed says that a flag of the inode (chattr) forbids what is to be done;
// nil: none does.
func errFixed(path string) error {
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS, &st) != nil {
		return nil // nobody knows; the kernel itself forbids it then
	}
	var flag string
	switch set := st.Attributes; {
	case set&unix.STATX_ATTR_IMMUTABLE != 0:
		flag = "immutable: chattr -i"
	case set&unix.STATX_ATTR_APPEND != 0:
		flag = "append-only: chattr -a"
	case set&unix.STATX_ATTR_VERITY != 0:
		flag = "sealed by fs-verity"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s is %s", unix.EPERM, path, flag)
}
