package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

// atOnce is how many raw calls are made at a time: as many as reconciler makes.
const atOnce = 8

// host is an engine with an image and containers of ours, which close removes.
type host struct {
	cli     *client.Client
	version string
	name    string // of the image; the projects' names begin with it
	made    []string
	heard   <-chan events.Message
	lost    <-chan error
	quiet   context.CancelFunc // ends what is heard
}

// openHost finds the engine that DOCKER_HOST names and makes the image.
func openHost(ctx context.Context, dir string) (*host, error) {
	cli, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	v, err := cli.ServerVersion(ctx)
	if err != nil {
		return nil, fmt.Errorf("find an engine (hack/engine up starts one): %w", err)
	}
	h := &host{cli: cli, version: v.Version, name: "reconciler-bench-" + strconv.Itoa(os.Getpid())}
	if err := h.makeImage(ctx, dir); err != nil {
		return nil, errors.Join(err, cli.Close())
	}
	listening, quiet := context.WithCancel(ctx)
	h.quiet = quiet
	h.heard, h.lost = cli.Events(listening, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", "container"), filters.Arg("event", "start"), filters.Arg("event", "die"))})
	return h, nil
}

// makeImage imports an image with nothing in it but bench/idle.
func (h *host) makeImage(ctx context.Context, dir string) error {
	binary := filepath.Join(dir, "idle")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./bench/idle")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build bench/idle, from the module's root: %w: %s", err, out)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "idle", Mode: 0o755, Size: int64(len(program))}); err != nil {
		return err
	}
	if _, err := w.Write(program); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	answer, err := h.cli.ImageImport(ctx, image.ImportSource{Source: &archive, SourceName: "-"}, h.name,
		image.ImportOptions{Changes: []string{`ENTRYPOINT ["/idle"]`}})
	if err != nil {
		return fmt.Errorf("import the image: %w", err)
	}
	_, err = io.Copy(io.Discard, answer) // it is made when all is said
	return errors.Join(err, answer.Close())
}

// project is containers as Compose would have made them: service i has one,
// ids[i].
type project struct {
	name string
	ids  []string
}

func service(i int) string { return fmt.Sprintf("s%03d", i) }

// create makes a project of n stopped containers.
func (h *host) create(ctx context.Context, suffix string, n int) (project, error) {
	p := project{name: h.name + "-" + suffix}
	for i := range n {
		c, err := h.cli.ContainerCreate(ctx, &container.Config{Image: h.name, Labels: map[string]string{
			"com.docker.compose.project":          p.name,
			"com.docker.compose.service":          service(i),
			"com.docker.compose.container-number": "1",
			"com.docker.compose.oneoff":           "False",
		}}, &container.HostConfig{NetworkMode: "none"}, nil, nil, fmt.Sprintf("%s-%s-1", p.name, service(i)))
		if err != nil {
			return p, fmt.Errorf("create a container: %w", err)
		}
		h.made = append(h.made, c.ID)
		p.ids = append(p.ids, c.ID)
	}
	return p, nil
}

// close removes what was made.
func (h *host) close(ctx context.Context) error {
	h.quiet()
	err := each(ctx, h.made, func(ctx context.Context, id string) error {
		return h.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	})
	_, ierr := h.cli.ImageRemove(ctx, h.name, image.RemoveOptions{})
	return errors.Join(err, ierr, h.cli.Close())
}

// each makes a call for each container, as many at once as reconciler would.
func each(ctx context.Context, ids []string, call func(context.Context, string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, id := range ids {
		g.Go(func() error { return call(ctx, id) })
	}
	return g.Wait()
}

func (h *host) start(ctx context.Context, id string) error {
	return h.cli.ContainerStart(ctx, id, container.StartOptions{})
}

func (h *host) stop(ctx context.Context, id string) error {
	return h.cli.ContainerStop(ctx, id, container.StopOptions{})
}

func (h *host) kill(ctx context.Context, id string) error {
	return h.cli.ContainerKill(ctx, id, "KILL")
}

// await waits until the engine has told of that action for each of the
// containers, and returns when the last of them happened. What happened before
// since doesn't count.
func (h *host) await(ctx context.Context, action events.Action, ids []string, since time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	missing := slices.Clone(ids)
	for {
		select {
		case e := <-h.heard:
			at := time.Unix(0, e.TimeNano)
			if i := slices.Index(missing, e.Actor.ID); i >= 0 && e.Action == action && at.After(since) {
				if missing = slices.Delete(missing, i, i+1); len(missing) == 0 {
					return at, nil
				}
			}
		case err := <-h.lost:
			return time.Time{}, fmt.Errorf("listen to the engine: %w", err)
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for %s of %d of %d containers: %w", action, len(missing), len(ids), ctx.Err())
		}
	}
}
