package siege

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Cage is a cgroup of our own with a memory limit.
type Cage struct {
	dir string
	v1  bool
}

// NewCage makes a cgroup of that name with that many bytes of memory and no
// swap. The error says why there can be none on this machine.
func NewCage(name string, limit int64) (*Cage, error) {
	c := &Cage{dir: filepath.Join("/sys/fs/cgroup", name)}
	names, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	switch {
	case err != nil: // not v2 alone: v1, or both
		c.dir, c.v1 = filepath.Join("/sys/fs/cgroup/memory", name), true
	case !strings.Contains(string(names), "memory"):
		return nil, errors.New("the cgroups here (v2) have no memory controller")
	}
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a cgroup: %w", err)
	}
	if err := c.limit(limit); err != nil {
		return nil, errors.Join(fmt.Errorf("limit the memory of a cgroup: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cage) limit(limit int64) error {
	if !c.v1 {
		_ = c.write("memory.swap.max", 0) // there is none without swap
		return c.write("memory.max", limit)
	}
	if err := c.write("memory.limit_in_bytes", limit); err != nil {
		return err
	}
	_ = c.write("memory.memsw.limit_in_bytes", limit) // there is none without swap accounting
	// Else v1 would not count what sockets hold, as v2 does.
	return c.write("memory.kmem.tcp.limit_in_bytes", limit)
}

func (c *Cage) write(file string, value int64) error {
	return os.WriteFile(filepath.Join(c.dir, file), strconv.AppendInt(nil, value, 10), 0)
}

// Command is a command whose process is in the cage before it begins.
func (c *Cage) Command(name string, args ...string) *exec.Cmd {
	const enter = `echo $$ >"$0/cgroup.procs" && exec "$@"`
	return exec.Command("sh", append([]string{"-c", enter, c.dir, name}, args...)...)
}

// Kind says which cgroups these are.
func (c *Cage) Kind() string {
	if c.v1 {
		return "cgroup v1"
	}
	return "cgroup v2"
}

// Peak is the most memory in bytes that was ever charged: of the processes, with
// the page cache; and of sockets, where it is counted apart (v1), else 0.
func (c *Cage) Peak() (memory, sockets int64, err error) {
	if !c.v1 {
		memory, err = c.read("memory.peak", "")
		return memory, 0, err
	}
	memory, err = c.read("memory.max_usage_in_bytes", "")
	sockets, err2 := c.read("memory.kmem.tcp.max_usage_in_bytes", "")
	return memory, sockets, errors.Join(err, err2)
}

// Resident is the most of a process that was ever in memory, in bytes (proc(5)):
// unlike Peak, without the page cache, of which the kernel takes what is left.
func Resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kib), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("nothing is told of what process %d has in memory", pid)
}

// Killed is how many processes the kernel ended here for want of memory.
func (c *Cage) Killed() (int64, error) {
	if c.v1 {
		return c.read("memory.oom_control", "oom_kill ")
	}
	return c.read("memory.events", "oom_kill ")
}

// read returns the number of a file, or of its line that begins so.
func (c *Cage) read(file, begin string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, begin); ok {
			return strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s says nothing of %q", file, begin)
}

// Close removes the cgroup; its processes must have ended.
func (c *Cage) Close() error { return os.Remove(c.dir) }
