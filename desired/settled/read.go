package settled

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Reading is what a file was when it was read. The zero value is that of one
// that could not be.
type Reading struct {
	Bytes  []byte // of an empty file not nil
	Target string // the path behind all symlinks
	ID     ID
	Links  uint64 // how many names it has
	Mode   uint32 // as in unix.Stat_t
}

// ID tells whether two readings can differ without reading again. The zero
// value is that of no file.
type ID struct {
	dev, ino     uint64
	size         int64
	mtime, ctime unix.Timespec
}

// SameFile reports whether both are the same inode, whatever is in it.
func (a ID) SameFile(b ID) bool { return a.dev == b.dev && a.ino == b.ino }

// Read reads a regular file, at most limit bytes of it; it waits for the disk
// for as long as that takes. It opens nothing else: a FIFO would wait for a
// writer, and to open some devices does something. No more is read than the
// file says that it has: what the kernel makes up as it is read (/proc/kmsg)
// says 0, may never end, and is taken from others by reading it. Errors:
// fs.ErrNotExist, and those of the system.
func Read(path string, limit int64) (Reading, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Reading{}, unreadable(path, err)
	}
	var st unix.Stat_t
	if err := unix.Stat(target, &st); err != nil {
		return Reading{}, unreadable(path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Reading{}, fmt.Errorf("%s is %s; it must be a file", path, kind(st.Mode))
	}
	f, err := os.OpenFile(target, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return Reading{}, unreadable(path, err)
	}
	defer f.Close()
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return Reading{}, unreadable(path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Reading{}, fmt.Errorf("%s is %s; it must be a file", path, kind(st.Mode))
	}
	src, err := io.ReadAll(io.LimitReader(f, min(st.Size, limit)))
	if err != nil {
		return Reading{}, unreadable(path, err)
	}
	return Reading{Bytes: src, Target: target, ID: IDOf(st), Links: uint64(st.Nlink), Mode: st.Mode}, nil
}

// identityAt is that of what the path leads to; zero where it leads to nothing.
func identityAt(path string) ID {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return ID{}
	}
	return IDOf(st)
}

// IDOf is the ID of what was looked at.
func IDOf(st unix.Stat_t) ID {
	return ID{dev: st.Dev, ino: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s: %w", path, fs.ErrNotExist)
	}
	return fmt.Errorf("read %s: %w", path, err)
}

func kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	}
	return "no regular file"
}
