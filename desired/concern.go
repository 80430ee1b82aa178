package desired

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"reconciler/desired/settled"
)

// mounted warns of a file that is a mount point itself.
func (s *Store) mounted(target string) (warnings []string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	abs, aerr := filepath.Abs(target)
	if err != nil || aerr != nil {
		return nil // no /proc: nothing can be said
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == abs {
			warnings = append(warnings, fmt.Sprintf("%s is itself a mount point: changes made by renaming on the host are not seen, and it can't be edited from here; mount its directory", s.Path()))
		}
	}
	return warnings
}

// consider keeps what the user should know of the file as it was read, and
// tells what is new of it. The caller has the turn.
func (s *Store) consider(r settled.Reading, err error) {
	if err != nil {
		if s.concern.Load() == nil {
			s.concern.Store(new([]string))
		}
		return // what is known stays
	}
	now := s.concerns(r)
	before := s.concern.Swap(&now)
	if before == nil {
		return // whoever opens the store asks for them
	}
	fresh := slices.DeleteFunc(slices.Clone(now), func(w string) bool { return slices.Contains(*before, w) })
	if len(fresh) > 0 {
		s.tell(Report{Snapshot: s.Snapshot(), Warnings: fresh})
	}
}

// concerns are who else may write the file, and what an edit of it won't reach.
func (s *Store) concerns(r settled.Reading) (warnings []string) {
	const root = "who writes it decides what runs"
	if r.Mode&0o002 != 0 {
		warnings = append(warnings, fmt.Sprintf("%s may be written by everybody on this machine, and %s: chmod o-w it", r.Target, root))
	}
	folders := []string{filepath.Dir(r.Target)}
	if folder := filepath.Dir(s.Path()); folder != folders[0] {
		folders = append(folders, folder)
	}
	for _, folder := range folders {
		var st unix.Stat_t
		// Where the folder is sticky, as /tmp is, nobody can replace another's file.
		if unix.Stat(folder, &st) == nil && st.Mode&0o002 != 0 && st.Mode&unix.S_ISVTX == 0 {
			warnings = append(warnings, fmt.Sprintf("the folder %s of %s may be written by everybody on this machine, and %s: chmod o-w it", folder, filepath.Base(s.Path()), root))
		}
	}
	if r.Links > 1 {
		warnings = append(warnings, fmt.Sprintf("%s has %d names (hard links): an edit from here replaces this one, and the others keep the old text", r.Target, r.Links))
	}
	return warnings
}
