package own

import (
	"testing"

	"reconciler/desired"
	"reconciler/engine"
)

// claiming makes it claim to be of that service, with a part of the claim that can't be read.
func claiming(service string, unread engine.Part) func(*engine.Container) {
	return func(c *engine.Container) {
		c.Claim = engine.Claim{Project: "p", Service: service, Lasting: unread != engine.PartLasting, Labelled: true}
		if unread != "" {
			c.Claim.Unread = engine.Unread{Part: unread, Label: "label-" + string(unread)}
		}
	}
}

func TestAServiceIsHiddenByWhatMayBeItsOnlyContainer(t *testing.T) {
	nobodys := claiming("", engine.PartService)
	for name, c := range map[string]struct {
		container  string // `container:` of web
		containers []engine.Container
		want       string // the container that hides web; empty: none does
	}{
		"its service can't be read":             {"", []engine.Container{box("p-web-1", nobodys)}, "p-web-1"},
		"whether it lasts can't be read":        {"", []engine.Container{box("p-web-1", claiming("web", engine.PartLasting))}, "p-web-1"},
		"its dependencies can't be read":        {"", []engine.Container{box("p-web-1", claiming("web", engine.PartDependsOn))}, "p-web-1"},
		"those of another service's":            {"", []engine.Container{box("p-web-1", claiming("old", engine.PartDependsOn))}, ""},
		"all can be read":                       {"", []engine.Container{box("p-web-1", claiming("web", ""))}, ""},
		"it has no name of the service":         {"", []engine.Container{box("p-web-x", nobodys)}, ""},
		"the service is another container":      {"mine", []engine.Container{box("p-web-1", nobodys)}, ""},
		"the service has one":                   {"", []engine.Container{box("p-web-1", nobodys), box("p-web-2", claiming("web", ""))}, ""},
		"it is in trouble already":              {"", []engine.Container{box("odd", claiming("web", "")), box("p-web-1", nobodys)}, ""},
		"there are two: the first is told of":   {"", []engine.Container{box("p-web-2", nobodys), box("p-web-1", nobodys)}, "p-web-1"},
		"one that is its own is told of before": {"", []engine.Container{box("p-web-2", claiming("web", engine.PartReplaces)), box("p-web-1", nobodys)}, "p-web-2"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := &desired.Document{Project: "p", Services: []desired.Service{
				{Name: "web", ComposeService: "web", Container: c.container, State: desired.Running},
				{Name: "db", ComposeService: "db", State: desired.Running},
			}}
			whose := Judge(doc, c.containers, nil)
			got := whose.Holdings["web"].Hidden
			if got.Container != c.want || (got.Kind == LabelUnread) != (c.want != "") {
				t.Errorf("%+v, want %q", got, c.want)
			}
			for _, r := range whose.Holdings["web"].Replicas {
				if r.Container.Claim.Unread.Part != "" {
					t.Errorf("%s counts as a replica, though it can't be read", r.Container.Name)
				}
			}
			if other := whose.Holdings["db"].Hidden; other != (Doubt{}) {
				t.Errorf("db: %+v", other)
			}
		})
	}
}
