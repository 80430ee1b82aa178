package sim

import (
	"fmt"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
)

// Populate makes one container for each service of the document, as Compose or
// a hand-made panel would have named it: the first and every other of them
// runs, the others have exited.
func (e *Engine) Populate(doc *desired.Document) {
	for i, s := range doc.Services {
		spec := Spec{
			Name: fmt.Sprintf("%s-%s-1", doc.Project, s.ComposeService), Image: s.ComposeService + ":sim",
			State: engine.StateExited, Since: e.now().Add(-time.Hour), Labels: composeLabels(doc.Project, s.ComposeService),
		}
		switch {
		case s.Container != "":
			spec.Name, spec.Labels = s.Container, nil
		case doc.ContainerName != "":
			spec.Name, spec.Labels = strings.ReplaceAll(doc.ContainerName, "{service}", s.ComposeService), nil
		}
		if i%2 == 0 {
			spec.State = engine.StateRunning
		}
		e.Create(spec)
	}
}

func composeLabels(project, service string) map[string]string {
	return map[string]string{engine.LabelProject: project, engine.LabelService: service, engine.LabelOneoff: "False"}
}
