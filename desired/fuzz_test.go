package desired

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
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

// FuzzEdit: an edit of any valid document makes exactly the change, or is
// refused by name.
func FuzzEdit(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := Parse("state.yaml", src)
		if err != nil {
			return
		}
		for i, s := range doc.Services {
			for _, to := range []State{Running, Stopped} {
				edited, err := Edit(doc, []Change{{Service: s.Name, State: to}})
				if errors.Is(err, ErrShape) {
					continue
				}
				if err != nil {
					t.Fatalf("%s to %s: %v", s.Name, to, err)
				}
				after, err := Parse("state.yaml", edited)
				if err != nil {
					t.Fatalf("%s to %s: %v", s.Name, to, err)
				}
				want := s
				if want.State = to; s.Job && to == Running {
					want.State = Completed
				}
				if !reflect.DeepEqual(after.Services[i], want) {
					t.Fatalf("%s is %+v, want %+v", s.Name, after.Services[i], want)
				}
			}
		}
	})
}
