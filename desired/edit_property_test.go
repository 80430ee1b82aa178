package desired

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAnEditSaysExactlyWhatWasAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		doc, err := Parse("state.yaml", []byte(d.src))
		if err != nil {
			t.Fatalf("%q: %v", d.src, err)
		}
		changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Change { return drawChange(t, doc) }), 0, 5).Draw(t, "changes")
		want, suitable := expected(doc, changes)
		got, err := Edit(doc, changes)
		switch {
		case !suitable:
			if !errors.Is(err, ErrUnsuitable) {
				t.Fatalf("%+v: %v", changes, err)
			}
			return
		case errors.Is(err, ErrShape):
			byHandSays(t, doc, err, want)
			return
		case err != nil:
			t.Fatalf("%q: %v", d.src, err)
		}
		after, err := Parse("state.yaml", got)
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if diff := cmp.Diff(want, after.Services); diff != "" {
			t.Fatalf("%q\n%q: -want +got:\n%s", d.src, got, diff)
		}
		if diff := cmp.Diff(comments(d.src), comments(string(got))); diff != "" {
			t.Fatalf("comments of %q\n%q: -want +got:\n%s", d.src, got, diff)
		}
		if again, err := Edit(after, changes); err != nil || string(again) != string(got) {
			t.Fatalf("made again: %v\n%q\n%q", err, got, again)
		}
		if reflect.DeepEqual(want, doc.Services) && string(got) != d.src {
			t.Fatalf("nothing was to change:\n%q\n%q", d.src, got)
		}
		oneByOne(t, d, changes, string(got))
	})
}

// oneByOne makes the edit service by service: no edit changes a byte outside
// of its service's entry, and all of them make the same as all at once.
func oneByOne(t *rapid.T, d drawn, changes []Change, want string) {
	src := d.src
	for i, entry := range slices.Backward(d.entries) { // from the end, so that the places before stay
		name := fmt.Sprintf("s%d", i)
		own := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Service != name })
		doc, err := Parse("state.yaml", []byte(src))
		if err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		got, err := Edit(doc, own)
		if err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		if !strings.HasPrefix(string(got), src[:entry.from]) || !strings.HasSuffix(string(got), src[entry.to:]) {
			t.Fatalf("the edit of %s leaves its entry:\n%q\n%q", name, src, got)
		}
		src = string(got)
	}
	if src != want {
		t.Fatalf("one by one:\n%q\nat once:\n%q", src, want)
	}
}

func TestASuspensionLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		doc, err := Parse("state.yaml", []byte(d.src))
		if err != nil {
			t.Fatalf("%q: %v", d.src, err)
		}
		i := rapid.IntRange(0, len(d.entries)-1).Draw(t, "service")
		name := fmt.Sprintf("s%d", i)
		if doc.Services[i].Suspend != nil {
			t.Skip("it is suspended already")
		}
		hold := drawSuspend(t)
		src := d.src
		for round := range 2 {
			there, err := Edit(mustParse(t, src), []Change{{Service: name, Suspend: hold}})
			if errors.Is(err, ErrShape) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			back, err := Edit(mustParse(t, string(there)), []Change{{Service: name, Resume: true}})
			if err != nil {
				t.Fatal(err)
			}
			if string(back) != src && (d.entries[i].traceless || round > 0 && !d.entries[i].keeps) {
				t.Fatalf("round %d: %s", round, cmp.Diff(src, string(back)))
			}
			src = string(back) // a short form is a long one now
		}
	})
}

var comment = regexp.MustCompile(`#@[0-9]+[^\r\n]*`)

func comments(src string) []string { return comment.FindAllString(src, -1) }

// expected is what the services should be; false: one can't be that.
func expected(doc *Document, changes []Change) ([]Service, bool) {
	want := slices.Clone(doc.Services)
	for _, c := range changes {
		s := &want[doc.index[c.Service]]
		switch {
		case s.Job && c.State == Running:
			s.State = Completed
		case c.State != "" && s.Job != (c.State == Completed) && c.State != Stopped:
			return nil, false
		case c.State != "":
			s.State = c.State
		}
		if c.Replicas > 0 {
			if s.Job || s.Container != "" {
				return nil, false
			}
			s.Replicas = c.Replicas
		}
		if c.Suspend != nil {
			if !OneLine(c.Suspend.Reason) || !OneLine(c.Suspend.By) {
				return nil, false
			}
			s.Suspend = c.Suspend
		} else if c.Resume {
			s.Suspend = nil
		}
	}
	return want, true
}

// byHandSays checks the lines that a refusal says to write.
func byHandSays(t *rapid.T, doc *Document, refusal error, want []Service) {
	_, lines, _ := strings.Cut(refusal.Error(), "; write by hand, under services:\n")
	head, _, _ := strings.Cut(string(doc.Source), "\nservices:")
	if e := must(newEditor(doc.Source)); e.services.Style != 0 {
		lines = " {" + lines + "}"
	}
	said, err := Parse("state.yaml", []byte(head+"\nservices:\n"+lines+"\n"))
	if err != nil {
		t.Fatalf("by hand: %v\n%v", err, refusal)
	}
	for _, s := range said.Services {
		if diff := cmp.Diff(want[doc.index[s.Name]], s); diff != "" {
			t.Fatalf("by hand: -want +got:\n%s\n%v", diff, refusal)
		}
	}
}

func drawChange(t *rapid.T, doc *Document) Change {
	c := Change{Service: rapid.SampledFrom(doc.Services).Draw(t, "service").Name}
	c.State = rapid.SampledFrom([]State{"", Running, Stopped, Stopped, Completed}).Draw(t, "to")
	c.Replicas = rapid.SampledFrom([]int{0, 0, 0, 1, 2, 10}).Draw(t, "replicas")
	switch rapid.IntRange(0, 3).Draw(t, "about") {
	case 0:
		c.Suspend = drawSuspend(t)
		if rapid.IntRange(0, 9).Draw(t, "unsuitable") == 0 {
			c.Suspend.Reason += rapid.SampledFrom([]string{"\n", "\t", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u202e", "\u2028", "\xff"}).Draw(t, "obeyed")
		}
	case 1:
		c.Resume = true
	}
	return c
}

// oneLine is the text without what no reason may have in it.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if obeyed(r) {
			return -1
		}
		return r
	}, text)
}

func drawSuspend(t *rapid.T) *Suspend {
	s := &Suspend{}
	if rapid.Bool().Draw(t, "for a time") {
		s.Until = time.Unix(rapid.Int64Range(-1<<35, 1<<35).Draw(t, "until"), 0).UTC()
	}
	words := rapid.OneOf(rapid.Map(rapid.String(), oneLine), rapid.StringMatching(`[a-z"'\\{}#:, ]{0,9}`))
	s.Reason, s.By = words.Draw(t, "reason"), words.Draw(t, "by")
	return s
}
