package desired

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"reconciler/internal/hostile"
)

func seed(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		paths, _ := filepath.Glob(pattern) // the pattern is right
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Add([]byte(shop))
}

// FuzzParse: whatever the bytes are, there is a document that keeps its own
// promises, or an error that names a place.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := Parse("state.yaml", src)
		if err != nil {
			var bad *ParseError
			if !errors.As(err, &bad) || len(bad.Problems) == 0 || doc != nil {
				t.Fatalf("document %v, error %#v", doc, err)
			}
			for _, problem := range bad.Problems {
				if !OneLine(problem.Message) {
					t.Fatalf("%q", problem.Message)
				}
			}
			few(t, bad)
			return
		}
		if doc.Digest != digest(src) || !bytes.Equal(doc.Source, src) {
			t.Fatal("the source is not what was parsed")
		}
		for _, s := range doc.Services {
			if found, ok := doc.Service(s.Name); !ok || !reflect.DeepEqual(found, s) {
				t.Fatalf("%s can't be found", s.Name)
			}
			if s.State != Running && s.State != Stopped && (s.State != Completed || !s.Job) {
				t.Fatalf("%s is wanted %q, job %v", s.Name, s.State, s.Job)
			}
		}
		if _, err := doc.JSON(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzParseCost: whatever the bytes are, what reading them takes is in proportion
// to how many there are.
func FuzzParseCost(f *testing.F) {
	seed(f)
	for _, d := range hostile.Documents(4 << 10) {
		f.Add(d.Source)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		const once, each = 1 << 20, 1 << 10
		if taken := cost(func() { _, _ = Parse("state.yaml", src) }); taken.bytes > once+each*uint64(len(src)) {
			t.Fatalf("%d bytes took %d", len(src), taken.bytes)
		}
	})
}

// FuzzEdit: an edit of any valid document makes exactly the change, or is
// refused by name; nothing is left to do when it is made again.
func FuzzEdit(f *testing.F) {
	seed(f)
	for _, c := range edits {
		f.Add([]byte("version: 1\nproject: shop\nservices:" + c.before))
		f.Add([]byte("version: 1\nproject: shop\nservices:" + strings.ReplaceAll(c.after, "\n", "\r\n")))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := Parse("state.yaml", src)
		if err != nil {
			return
		}
		for _, s := range doc.Services {
			for _, c := range []Change{
				{State: Running},
				{State: Stopped},
				{Replicas: 3},
				{Suspend: held},
				{Resume: true},
				{State: Stopped, Suspend: &Suspend{Reason: oneLine(string(src))}},
			} {
				c.Service = s.Name
				fuzzEdit(t, doc, c)
			}
		}
	})
}

func fuzzEdit(t *testing.T, doc *Document, c Change) {
	want, suitable := expected(doc, []Change{c})
	edited, err := Edit(doc, []Change{c})
	if errors.Is(err, ErrShape) || errors.Is(err, ErrUnsuitable) && !suitable {
		return
	}
	if err != nil || !suitable {
		t.Fatalf("%+v: %v, suitable: %v", c, err, suitable)
	}
	after, err := Parse("state.yaml", edited)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	for i, s := range after.Services { // whatever the time zone
		if !s.Suspend.equal(want[i].Suspend) {
			t.Fatalf("%+v: %s is suspended %+v, want %+v", c, s.Name, s.Suspend, want[i].Suspend)
		}
		after.Services[i].Suspend, want[i].Suspend = nil, nil
	}
	if !reflect.DeepEqual(after.Services, want) {
		t.Fatalf("%+v: got %+v, want %+v", c, after.Services, want)
	}
	if again, err := Edit(must(Parse("state.yaml", edited)), []Change{c}); err != nil || !bytes.Equal(again, edited) {
		t.Fatalf("%+v, made again: %v\n%q\n%q", c, err, edited, again)
	}
}
