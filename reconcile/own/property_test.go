package own

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"reconciler/desired"
	"reconciler/engine"
)

// drawCrowd draws containers whose names and claims come near to each other's.
func drawCrowd(t *rapid.T) []engine.Container {
	names := []string{"p-web-1", "p-web-1", "p-web-1", "p_web_1", "p-web-2", "p-web-01", "p-web-", "p-db-1", "t-web", "t-db", "mine", "evil", "web", "0123456789ab_p-web-1", "q-web-1"}
	var all []engine.Container
	for i, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 7, rapid.ID).Draw(t, "names") {
		c := engine.Container{Summary: engine.Summary{ID: fmt.Sprint("id-", i), Name: name}}
		c.State = rapid.SampledFrom([]engine.State{engine.StateCreated, engine.StateRunning, engine.StateExited}).Draw(t, "state")
		if rapid.IntRange(0, 3).Draw(t, "labelled") > 0 {
			c.Claim = engine.Claim{
				Project:  rapid.SampledFrom([]string{"p", "p", "p", "q"}).Draw(t, "project"),
				Service:  rapid.SampledFrom([]string{"web", "web", "db", "old"}).Draw(t, "service"),
				Lasting:  rapid.IntRange(0, 3).Draw(t, "lasting") > 0,
				Labelled: true,
			}
			if rapid.IntRange(0, 5).Draw(t, "replaces") == 0 {
				c.Claim.Replaces = rapid.SampledFrom([]string{"id-0", "web-1", "p-web-1"}).Draw(t, "replaced")
			}
		}
		all = append(all, c)
	}
	return all
}

func drawProject(t *rapid.T) *desired.Document {
	doc := &desired.Document{Project: "p"}
	if rapid.Bool().Draw(t, "template") {
		doc.ContainerName = "t-{service}"
	}
	for _, name := range []string{"web", "db", "cache"} {
		s := desired.Service{Name: name, ComposeService: name, State: desired.Running, Replicas: rapid.IntRange(0, 3).Draw(t, "replicas")}
		if rapid.Bool().Draw(t, "named") {
			s.Container = rapid.SampledFrom([]string{"p-web-1", "p-web-1", "mine"}).Draw(t, "of")
		}
		doc.Services = append(doc.Services, s)
	}
	return doc
}

// owns checks what holds for every ownership, whatever names and claims there are.
func owns(t *rapid.T) {
	doc, crowd := drawProject(t), drawCrowd(t)
	whose := Judge(doc, crowd, nil)
	if diff := cmp.Diff(whose, Judge(doc, rapid.Permutation(crowd).Draw(t, "order"), nil), cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Fatalf("the order of the containers decides:\n%s", diff)
	}

	owner := make(map[string]string) // container ID → service that may act on it
	for _, name := range slices.Sorted(maps.Keys(whose.Holdings)) {
		h := whose.Holdings[name]
		if h.Trouble.Kind != "" || h.Hidden.Kind != "" {
			continue // nothing is done
		}
		i := slices.IndexFunc(doc.Services, func(s desired.Service) bool { return s.Name == name })
		numbers := make(map[int]bool)
		for _, r := range h.Replicas {
			c := r.Container
			if other, taken := owner[c.ID]; taken {
				t.Fatalf("%s is %s's and %s's", c.Name, other, name)
			}
			owner[c.ID] = name
			if numbers[r.Number] || r.Number < 1 {
				t.Fatalf("%s has replica %d twice, or it is none", name, r.Number)
			}
			numbers[r.Number] = true
			if s := doc.Services[i]; s.Container == "" && foreign(doc, s, c) {
				t.Fatalf("%s of %+v was taken for one of %s", c.Name, c.Claim, name)
			}
		}
	}
	for _, o := range whose.Orphans {
		if name, taken := owner[o.Container.ID]; taken {
			t.Fatalf("%s is %s's, and an orphan", o.Container.Name, name)
		}
		if o.Container.Claim.Project != doc.Project {
			t.Fatalf("%s of %+v is an orphan of %s", o.Container.Name, o.Container.Claim, doc.Project)
		}
	}
}

// foreign reports whether nothing but its name, or nothing but its claim, could
// make the container the service's. A name that the template gives is enough
// where it claims nothing at all.
func foreign(doc *desired.Document, s desired.Service, c engine.Container) bool {
	if !c.Claim.Labelled {
		return doc.ContainerName == "" || c.Name != "t-"+s.Name
	}
	return c.Claim.Project != doc.Project || c.Claim.Service != s.Name || !c.Claim.Lasting
}

func TestAnOwnershipHoldsItsPromises(t *testing.T) { rapid.Check(t, owns) }

func FuzzOwnership(f *testing.F) { f.Fuzz(rapid.MakeFuzz(owns)) }
