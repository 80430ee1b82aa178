package api

import (
	"fmt"
	"syscall"
)

// What the doors leave of the process's file descriptors to everything else: the
// engine (a connection for each call and each log that is read), the file, the
// events of both, the log.
const spareDescriptors = 96

// leastConnections are left to a door however few descriptors there are.
const leastConnections = 4

// share returns the limits of each door, which all together leave the spare
// descriptors alone: the usual ones, where there are enough.
func share(doors []Door, descriptors uint64) []limits {
	usual, all := make([]int, len(doors)), 0
	for i, d := range doors {
		usual[i] = maxConnections
		if d.Metrics {
			usual[i] = maxMetricsConnections
		}
		all += usual[i]
	}
	room := all
	if descriptors < uint64(all+spareDescriptors) {
		room = max(0, int(descriptors)-spareDescriptors) // it fits: it is less than a sum of ints
	}
	shares := make([]limits, len(doors))
	for i, n := range usual {
		most := max(leastConnections, n*room/all)
		shares[i] = limits{most: most, each: most / 2}
	}
	return shares
}

// descriptors is how many file descriptors the process may have; the Go runtime
// has raised that to the hard limit.
func descriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what systems give that give no more
	}
	return limit.Cur
}

// scarce tells of doors that hold less than usual; "": none does.
func scarce(doors []Door, shares []limits, descriptors uint64) string {
	for i, d := range doors {
		if usual := share(doors[i:i+1], ^uint64(0))[0].most; shares[i].most < usual {
			return fmt.Sprintf("the process may have %d file descriptors only, so the door at %s holds %d connections instead of %d: raise its limit (ulimit -n, or LimitNOFILE= of systemd)",
				descriptors, d.Address, shares[i].most, usual)
		}
	}
	return ""
}
