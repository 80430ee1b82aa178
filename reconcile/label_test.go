package reconcile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/sim"
	"reconciler/reconcile/plan"
)

// unreadable are values that Compose writes none of.
func unreadable() []string {
	return []string{"db:service_started:false," + strings.Repeat("x", 20<<10), "db\nweb: as wanted", "db\x1b[2J:service_started:false", "db\u009b31m", "\u202edb"}
}

// TestALabelThatCantBeReadMakesNoContainerOurs: nothing is done in doubt, and why
// is shown.
func TestALabelThatCantBeReadMakesNoContainerOurs(t *testing.T) {
	const byLabels, byName = "{web: running}", "{web: {state: running, container: p-web-1}}"
	for name, c := range map[string]struct {
		services, label string
		status          plan.Status
		shown           string // in the message, or of the orphan
	}{
		"project":             {byLabels, engine.LabelProject, plan.StatusMissing, "no container"}, // another's: that of the file can be read
		"project, adopted":    {byName, engine.LabelProject, plan.StatusUnknown, engine.LabelProject},
		"service":             {byLabels, engine.LabelService, plan.StatusUnknown, engine.LabelService},
		"oneoff":              {byLabels, engine.LabelOneoff, plan.StatusUnknown, engine.LabelOneoff},
		"replace":             {byLabels, engine.LabelReplace, plan.StatusUnknown, engine.LabelReplace},
		"depends_on":          {byLabels, engine.LabelDependsOn, plan.StatusUnknown, engine.LabelDependsOn},
		"depends_on, adopted": {byName, engine.LabelDependsOn, plan.StatusUnknown, engine.LabelDependsOn},
	} {
		for i, value := range slices.Concat(unreadable(), unreadable()) {
			state := []engine.State{engine.StateExited, engine.StateRunning}[i/len(unreadable())]
			services := c.services
			if state == engine.StateRunning {
				services = strings.Replace(services, "running", "stopped", 1)
			}
			spec := ours("web", sim.Spec{State: state})
			spec.Labels[c.label] = value
			w := newWorld(t, "version: 1\nproject: p\nservices: "+services+"\n", spec)
			w.pass(time.Hour)
			if calls := w.calls(); len(calls) > 0 {
				t.Errorf("%s %.20q, %s: %v", name, value, state, calls)
			}
			report, err := w.r.Plan()
			if text := report.String(); err != nil || text != desired.Harmless(text) || strings.Contains(text, "\nweb: as wanted") {
				t.Errorf("%s %.20q: %v, and the plan is %q", name, value, err, text)
			}
			o := w.r.Known()
			web, _ := o.Service("web")
			shown := web.Message
			for _, orphan := range o.Orphans {
				shown += orphan.Message
			}
			status := c.status
			if status == plan.StatusMissing && state == engine.StateRunning {
				status = plan.StatusAbsent // it is wanted stopped, and has no container
			}
			if web.Status != status || !strings.Contains(web.Message, c.shown) || len(shown) > 1000 {
				t.Errorf("%s, %s: %s: %.500s", name, state, web.Status, shown)
			}
		}
	}
}

// TestALongLabelOfComposesIsStillOne: a name alone makes only that one ours that
// has none.
func TestALongLabelOfComposesIsStillOne(t *testing.T) {
	for _, label := range []string{engine.LabelProject, engine.LabelPrefix + "anything", engine.LabelPrefix + strings.Repeat("x", 1<<20)} {
		w := newWorld(t, "version: 1\nproject: p\ncontainer_name: hand-{service}\nservices: {web: running}\n",
			sim.Spec{Name: "hand-web", State: engine.StateExited, Labels: map[string]string{label: strings.Repeat("p", 1<<20)}})
		w.pass(time.Hour)
		o := w.r.Known()
		web, _ := o.Service("web")
		if calls := w.calls(); len(calls) > 0 || !strings.Contains(web.Message, "belongs to Compose project") {
			t.Errorf("%.40s: %v, %s: %s", label, calls, web.Status, web.Message)
		}
	}
}
