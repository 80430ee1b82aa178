package desired

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

// content is one reading of the file.
type content struct {
	src    []byte
	target string // the path behind all symlinks
	id     fileID
	rights *rights // nil: not looked at
	links  uint64  // how many names it has
	mode   uint32
}

// fileID tells whether two readings can differ without reading again.
type fileID struct {
	dev, ino     uint64
	size         int64
	mtime, ctime unix.Timespec
}

// sameFile reports whether both are the same inode, whatever is in it.
func (a fileID) sameFile(b fileID) bool { return a.dev == b.dev && a.ino == b.ino }

// read reads a regular file of at most maxSize bytes. It opens nothing else: a
// FIFO would wait for a writer, and to open some devices does something. One
// byte more than allowed is read, so that Parse can say so; and no more than the
// file says that it has: what the kernel makes up as it is read (/proc/kmsg)
// says 0, may never end, and is taken from others by reading it.
func read(path string) (content, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return content{}, unreadable(path, err)
	}
	var st unix.Stat_t
	if err := unix.Stat(target, &st); err != nil {
		return content{}, unreadable(path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return content{}, fmt.Errorf("%s is %s; it must be a file", path, kind(st.Mode))
	}
	f, err := os.OpenFile(target, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return content{}, unreadable(path, err)
	}
	defer f.Close()
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return content{}, unreadable(path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return content{}, fmt.Errorf("%s is %s; it must be a file", path, kind(st.Mode))
	}
	src, err := io.ReadAll(io.LimitReader(f, min(st.Size, maxSize+1)))
	if err != nil {
		return content{}, unreadable(path, err)
	}
	return content{src: src, target: target, id: identity(st), links: uint64(st.Nlink), mode: st.Mode}, nil
}

// identityAt is that of what the path leads to; zero where it leads to nothing.
func identityAt(path string) fileID {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return fileID{}
	}
	return identity(st)
}

func identity(st unix.Stat_t) fileID {
	return fileID{dev: st.Dev, ino: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s: %w; write one, or let `reconciler init` write it", path, fs.ErrNotExist)
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
