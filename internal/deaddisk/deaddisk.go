// Package deaddisk gives tests a disk that doesn't answer, as a network file
// system whose server has gone.
package deaddisk

import (
	"fmt"
	"syscall"
	"testing"
)

// Mount mounts a file system that answers nothing until revive is called, after
// which it fails; revive may be called more than once. Its folder goes with the
// test. Where it can't be mounted the test is skipped, with why.
func Mount(t testing.TB) (dir string, revive func()) {
	t.Helper()
	dir = t.TempDir()
	fuse, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("a disk that doesn't answer needs /dev/fuse: ", err)
	}
	if err := syscall.Mount("dead", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse)); err != nil {
		_ = syscall.Close(fuse)
		t.Skip("a disk that doesn't answer needs the right to mount: ", err)
	}
	open := true
	revive = func() {
		if open {
			open = false
			if err := syscall.Close(fuse); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() {
		revive()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, revive
}
