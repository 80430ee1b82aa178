package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/app"
	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// initial is what `init` was asked for, and what it found.
type initial struct {
	project  string
	template string // container_name; empty: none

	containers []engine.Container
	services   []string          // by name
	jobs       map[string]bool   // that others wait for to complete
	why        map[string]string // service → why it is only a comment
}

func newInit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a state file that says what runs now",
		Long: "Writes a state file that asks for exactly what the containers of a Compose project do now, so that\n" +
			"`reconciler plan` has nothing to do after it. It never overwrites a file.",
		Example: "  reconciler init\n  reconciler init --project tg2emall --container-name 'tg2em-{service}'",
		Args:    args(cobra.NoArgs),
	}
	file := stateFile(cmd)
	in := &initial{jobs: map[string]bool{}, why: map[string]string{}}
	cmd.Flags().StringVar(&in.project, "project", "", "the Compose project (default: the only one there is)")
	cmd.Flags().StringVar(&in.template, "container-name", "", "how containers made by hand are called, with {service} in it")
	host := cmd.Flags().String("docker-host", "", "the engine's address (default $DOCKER_HOST, else the usual socket)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := os.Lstat(*file); !errors.Is(err, fs.ErrNotExist) {
			return badInput(fmt.Errorf("%s exists already; it is not overwritten", *file))
		}
		world, err := app.OpenEngine("docker", *host, nil, nil)
		if err != nil {
			return err
		}
		if err := in.find(cmd.Context(), world); err != nil {
			return err
		}
		src, err := in.write()
		if err != nil {
			return err
		}
		if err := create(*file, src); err != nil {
			return err
		}
		unsure := ""
		if len(in.why) > 0 {
			unsure = fmt.Sprintf(", %d of them commented out", len(in.why))
		}
		fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: project %s, %d services%s\nnext: reconciler plan\n", *file, in.project, len(in.services), unsure)
		return nil
	}
	return cmd
}

// create writes a file that must not exist.
func create(path string, src []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return badInput(err)
	}
	_, err = f.Write(src)
	return errors.Join(err, f.Sync(), f.Close())
}

// find looks at every container that may matter.
func (in *initial) find(ctx context.Context, world engine.Engine) error {
	list, err := world.List(ctx, "")
	if err != nil {
		return err
	}
	if err := in.choose(list); err != nil {
		return err
	}
	for _, s := range list {
		service := in.serviceOf(s)
		if service == "" {
			continue
		}
		c, err := world.Inspect(ctx, s.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue // it went while we looked
		}
		if err != nil {
			return err
		}
		in.containers = append(in.containers, c)
		if !slices.Contains(in.services, service) {
			in.services = append(in.services, service)
		}
		for _, on := range c.Claim.DependsOn {
			if on.Condition == engine.Ended {
				in.jobs[on.Service] = true
			}
		}
	}
	slices.Sort(in.services)
	if len(in.services) == 0 {
		info, err := world.Info(ctx)
		if err != nil {
			return err
		}
		return badInput(fmt.Errorf("project %s has no containers here; %s, or name another with --project", in.project, info.Hands.Up.Aside("create them first", "")))
	}
	return nil
}

// choose settles which project it is about.
func (in *initial) choose(list []engine.Summary) error {
	var projects []string
	for _, s := range list {
		if p := s.Claim.Project; p != "" && !slices.Contains(projects, p) {
			projects = append(projects, p)
		}
	}
	slices.Sort(projects)
	switch {
	case in.project != "":
	case len(projects) == 1:
		in.project = projects[0]
	case len(projects) == 0:
		return badInput(errors.New("there is no Compose project here; name one with --project, and for containers made by hand add --container-name"))
	default:
		return badInput(fmt.Errorf("there are several Compose projects; choose one with --project: %s", strings.Join(projects, ", ")))
	}
	return nil
}

// serviceOf returns the service that the container seems to be of, or "".
func (in *initial) serviceOf(s engine.Summary) string {
	if s.Claim.Project == in.project && s.Claim.Lasting {
		return s.Claim.Service
	}
	before, after, ok := strings.Cut(in.template, "{service}")
	if !ok || s.Claim.Project != "" || s.Claim.Unread.Part != "" {
		return ""
	}
	name, ok := strings.CutPrefix(s.Name, before)
	if !ok {
		return ""
	}
	if name, ok = strings.CutSuffix(name, after); !ok {
		return ""
	}
	return name
}

// write returns the document. It is parsed twice: once to find out who owns
// what, once to be sure of what is written.
func (in *initial) write() ([]byte, error) {
	for _, s := range in.services {
		if _, err := desired.Parse("state.yaml", in.text([]string{s}, nil)); err != nil {
			in.why[s] = "its name can't stand here"
		}
	}
	doc, err := desired.Parse("state.yaml", in.text(in.services, nil))
	if err != nil {
		return nil, err
	}
	whose := own.Judge(doc, in.containers, nil)
	lines := make(map[string]string, len(in.services))
	for _, s := range in.services {
		if h, listed := whose.Holdings[s]; listed {
			lines[s] = in.line(s, h)
		}
	}
	src := in.text(in.services, lines)
	if _, err := desired.Parse("state.yaml", src); err != nil {
		return nil, fmt.Errorf("what would be written is not valid: %w", err)
	}
	return src, nil
}

// line is what stands behind the service's name.
func (in *initial) line(service string, h own.Holding) string {
	if h.Trouble.Kind != "" {
		in.why[service] = h.Trouble.Message()
		return "running"
	}
	alive, done := 0, len(h.Replicas) > 0
	for _, r := range h.Replicas {
		switch c := r.Container; {
		case c.State == engine.StateDead, c.State == engine.StateRemoving, !c.State.Known():
			in.why[service] = fmt.Sprintf("%s is %s", c.Name, c.State)
		case c.State.Alive():
			alive++
			done = false
		case c.State != engine.StateExited || c.ExitCode != 0:
			done = false
		}
	}
	switch {
	case in.jobs[service] && done && len(h.Replicas) == 1:
		return "completed"
	case alive == 0:
		return "stopped"
	case alive != len(h.Replicas):
		return fmt.Sprintf("{state: running, replicas: %d}", alive)
	}
	return "running"
}

// text is the document; a service without a line is wanted stopped.
func (in *initial) text(services []string, lines map[string]string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# What should run. Written by `reconciler init` from what ran then; edit it and save.\nversion: 1\nproject: %s\n", in.project)
	if in.template != "" {
		fmt.Fprintf(&b, "container_name: %q\n", in.template)
	}
	b.WriteString("services:\n")
	listed := 0
	for _, s := range services {
		line := lines[s]
		if line == "" {
			line = "stopped"
		}
		if why := in.why[s]; why != "" {
			fmt.Fprintf(&b, "  # %s: %s # %s\n", oneLine(s), line, oneLine(why))
			continue
		}
		fmt.Fprintf(&b, "  %s: %s\n", s, line)
		listed++
	}
	if listed == 0 {
		return []byte(strings.Replace(b.String(), "services:\n", "services: {}\n", 1))
	}
	return []byte(b.String())
}

// oneLine is a text that can stand in a comment.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }
