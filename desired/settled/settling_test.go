package settled

import (
	"errors"
	"testing"
	"time"
)

// glance is one reading at a time after the first.
type glance struct {
	after time.Duration
	ino   uint64 // 0: nothing can be read
	text  string
	ctime int64
	due   time.Duration // when it counts, after the first
}

func TestAChangeCountsOnceNobodyCanBeWritingAnyMore(t *testing.T) {
	const known = 1 // the inode that was accepted
	ms := time.Millisecond
	for name, glances := range map[string][]glance{
		"moved here":                     {{0, 2, "a\n", 0, 100 * ms}, {100 * ms, 2, "a\n", 0, 100 * ms}},
		"moved here, no final newline":   {{0, 2, "a", 0, 100 * ms}},
		"moved here twice":               {{0, 2, "a\n", 0, 100 * ms}, {90 * ms, 3, "b\n", 0, 190 * ms}},
		"written in place":               {{0, 1, "a\n", 0, time.Second}, {500 * ms, 1, "a\nb\n", 0, 1500 * ms}},
		"in place, no final newline":     {{0, 1, "a", 0, 3 * time.Second}, {2 * time.Second, 1, "a\n", 0, 3 * time.Second}},
		"emptied first":                  {{0, 1, "", 0, 3 * time.Second}, {10 * ms, 1, "a\n", 0, 1010 * ms}},
		"the same text is written again": {{0, 1, "a\n", 0, time.Second}, {400 * ms, 1, "a\n", 9, 1400 * ms}},
		"removed, and another written slowly": {
			{0, 0, "", 0, time.Second},
			{10 * ms, 2, "a\n", 0, 110 * ms},
			{60 * ms, 2, "a\nb", 0, 3060 * ms},
			{2 * time.Second, 2, "a\nb\n", 0, 3 * time.Second},
		},
		"gone": {{0, 0, "", 0, time.Second}, {time.Second, 0, "", 0, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
			var s settling
			for i, g := range glances {
				r, err := Reading{Bytes: []byte(g.text), ID: ID{ino: g.ino, size: g.ctime}}, error(nil)
				if g.ino == 0 {
					r, err = Reading{}, errors.New("gone")
				}
				due := s.look(r, err, ID{ino: known}, start.Add(g.after))
				if got := due.Sub(start); got != g.due {
					t.Errorf("glance %d: counts after %s, want %s", i, got, g.due)
				}
			}
		})
	}
}
