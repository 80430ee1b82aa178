package desired

import (
	"errors"
	"strings"
	"testing"
)

func TestAnEditGivesWayToOthersForAWhile(t *testing.T) {
	odd := errors.New("odd")
	for name, c := range map[string]struct {
		first error // of all attempts but the last
		times int
		last  error
		want  error
		tried int
	}{
		"nobody is in the way":    {nil, 0, nil, nil, 1},
		"an error is no way":      {nil, 0, odd, odd, 1},
		"somebody saved":          {errMoved, 5, nil, nil, 6},
		"as often as it may be":   {errMoved, maxTries, nil, nil, maxTries + 1},
		"all the time":            {errMoved, maxTries + 1, nil, ErrFileInvalid, maxTries + 1},
		"somebody is writing":     {errUnsettled, 1, nil, nil, 2},
		"as long as it may be":    {errUnsettled, 1, odd, odd, 2},
		"somebody writes forever": {errUnsettled, 1000, nil, ErrFileInvalid, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small)
			s := b.open()
			tried := 0
			snap, changed, err := s.change(func() (Snapshot, bool, error) {
				tried++
				snap := Snapshot{Generation: int64(tried)}
				if tried <= c.times {
					if errors.Is(c.first, errUnsettled) {
						b.now = b.now.Add(maxSettle / 2)
					}
					return snap, true, c.first
				}
				return snap, true, c.last
			})
			if !errors.Is(err, c.want) || tried != c.tried || snap.Generation != int64(tried) || changed == errors.Is(err, ErrFileInvalid) {
				t.Errorf("after %d attempts: generation %d, changed %t, %v; want %d, %v", tried, snap.Generation, changed, err, c.tried, c.want)
			}
			if errors.Is(err, ErrFileInvalid) && !strings.HasPrefix(err.Error(), "edit "+b.file+": state_invalid: somebody else keeps writing it") {
				t.Errorf("it says %q", err)
			}
		})
	}
}

func TestAReplacementInJSONKeepsWhatSaysTheSame(t *testing.T) {
	b := newBench(t, "# mine\n"+small)
	s := b.open()
	said, err := s.Snapshot().Document.JSON()
	if err != nil {
		t.Fatal(err)
	}
	same, err := ReplacementJSON(said)
	if err != nil {
		t.Fatal(err)
	}
	if snap, changed, err := s.Change(same, EditBy{}); err != nil || changed || snap.Generation != 1 || b.text() != "# mine\n"+small {
		t.Errorf("the same: generation %d, changed %t, %v: %q", snap.Generation, changed, err, b.text())
	}
	got, err := same.Apply(s.Snapshot().Document)
	if err != nil {
		t.Fatal(err)
	}
	got[0] = 'x'
	if s.Snapshot().Document.Source[0] != '#' {
		t.Error("the proposal is the document's own bytes")
	}
	other, err := ReplacementJSON([]byte(strings.Replace(string(said), `"running"`, `"stopped"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if snap, changed, err := s.Change(other, EditBy{}); err != nil || !changed || snap.Generation != 2 || state(t, snap, "web") != Stopped {
		t.Errorf("another: generation %d, changed %t, %v: %q", snap.Generation, changed, err, b.text())
	}
	if p, err := ReplacementJSON([]byte("{")); err == nil || p.of != nil {
		t.Errorf("no JSON: %v", err)
	}
	if p, err := s.Restoration(99); !errors.Is(err, ErrUnknownRevision) || p.of != nil {
		t.Errorf("no revision: %v", err)
	}
}
