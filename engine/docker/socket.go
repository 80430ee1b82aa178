package docker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/client"
)

// explain adds to an error of the client's that there is no connection to the
// socket why there is none, which the client doesn't tell. Any other error it
// returns as it is.
func (e *Engine) explain(err error) error {
	path, local := strings.CutPrefix(e.Address(), "unix://")
	if !local || !client.IsErrConnectionFailed(err) {
		return err
	}
	conn, why := net.DialTimeout("unix", path, time.Second)
	switch {
	case why == nil:
		_ = conn.Close() // nothing was sent
		return err
	case errors.Is(why, syscall.ECONNREFUSED) && mounted("/proc/self/mountinfo", path):
		return fmt.Errorf("%w (%w; the socket is mounted by itself, and an engine that starts again makes a new one: mount its folder instead)", err, why)
	}
	return fmt.Errorf("%w (%w)", err, why)
}

// mounted reports whether the file is a mount point, by that table of the kernel's.
func mounted(table, path string) bool {
	resolved, err := filepath.EvalSymlinks(path) // /var/run mostly is one
	if err != nil {
		return false
	}
	mounts, err := os.ReadFile(table)
	if err != nil {
		return false // no /proc: nothing can be said
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == resolved {
			return true
		}
	}
	return false
}
