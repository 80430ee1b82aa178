package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"

	"reconciler/engine/docker/dockertest"
)

// inside is a reconciler to be run in a container, with the folder of its file
// at /state.
type inside struct {
	name, service string // with Compose's labels of the project, unless service is empty
	project       string
	state         string // what stands in the file
	host          string // the engine's address, as it is seen there
	network       string
	cgroups       string // the mode of its namespace; private: it doesn't see its ID there
	mounts        []mount.Mount
}

// socket is the path of the engine's socket.
func (h *host) socket() string { return strings.TrimPrefix(h.address, "unix://") }

// engineFolder is a mount of the folder in which the engine's socket lies, but
// of nothing that is mounted below.
func (h *host) engineFolder() mount.Mount {
	h.t.Helper()
	dir, err := filepath.EvalSymlinks(filepath.Dir(h.socket()))
	h.must(err)
	return mount.Mount{Type: mount.TypeBind, Source: dir, Target: "/engine", BindOptions: &mount.BindOptions{NonRecursive: true}}
}

// brief is a folder with a short name: that of a socket may have 107 bytes.
func brief(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "in")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// inside starts a reconciler in a container that goes with the test.
func (h *host) inside(s inside) *daemon {
	h.t.Helper()
	h.must(dockertest.Import(h.t, h.Client, s.name, binary))
	dir := brief(h.t)
	file := filepath.Join(dir, "state.yaml")
	h.must(os.WriteFile(file, []byte(s.state), 0o644))
	conf := &container.Config{
		Image: s.name, Env: []string{"DOCKER_HOST=" + s.host},
		Cmd: []string{"/reconciler", "run", "--state", "/state/state.yaml", "--listen", "unix:/state/r:admin", "--log-level", "debug"},
	}
	if s.service != "" {
		conf.Labels = map[string]string{"com.docker.compose.project": s.project, "com.docker.compose.service": s.service, "com.docker.compose.oneoff": "False"}
	}
	c, err := h.ContainerCreate(h.t.Context(), conf, &container.HostConfig{
		NetworkMode:  container.NetworkMode(s.network),
		CgroupnsMode: container.CgroupnsMode(s.cgroups),
		Mounts:       append(s.mounts, mount.Mount{Type: mount.TypeBind, Source: dir, Target: "/state"}),
	}, nil, nil, s.name)
	h.must(err)
	h.t.Cleanup(func() {
		if h.t.Failed() {
			h.t.Logf("the log of %s:\n%s", s.name, h.logs(c.ID))
		}
		_ = h.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true})
		_, _ = h.ImageRemove(context.Background(), s.name, image.RemoveOptions{Force: true})
	})
	h.start(c.ID)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, "r"))
	}
	transport := &http.Transport{DialContext: dial}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &daemon{t: h.t, client: http.Client{Transport: transport}, url: "http://localhost", file: file}
}

// logs is what the container wrote, with the engine's frames in it.
func (h *host) logs(id string) string {
	rc, err := h.ContainerLogs(context.Background(), id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return err.Error()
	}
	defer rc.Close()
	text, err := io.ReadAll(rc)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// spares flips the service to stopped, and fails unless it says so, with that in
// its words, and lets it run. Nor is it restarted.
func (d *daemon) spares(service string, says ...string) {
	d.t.Helper()
	if code, text := d.send("POST", "/v1/services/"+service+"/restart?wait=60s", "{}"); code != 409 || !strings.Contains(text, "restart it by hand: docker restart") {
		d.t.Errorf("restart %s: %d %s", service, code, text)
	}
	code, text := d.send("PUT", "/v1/services/"+service+"/state?wait=60s", `{"state":"stopped"}`)
	for _, word := range append(says, `"desired": "stopped"`, `"status": "running"`, `"reason": "WouldStopItself"`, "stop it by hand: docker stop") {
		if code != 202 || !strings.Contains(text, word) {
			d.t.Errorf("stop %s: %d, want 202 and %q in\n%s", service, code, word, text)
		}
	}
	src, err := os.ReadFile(d.file)
	if err != nil || !strings.Contains(string(src), service+": stopped") {
		d.t.Errorf("the file says %s, %v", src, err)
	}
}

func TestInAContainerBesideTheServicesItStopsNeitherItselfNorItsParent(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		vpn := h.probed(p, "vpn", "/app", "probe")
		web := h.probed(p, "web", "/app", "probe")
		app := h.labelled(p, "app", "", "container:"+vpn) // a sibling
		h.labelled(p, "db", "", "none")
		h.health(vpn, "healthy")
		h.health(web, "healthy")
		d := h.inside(inside{
			name: p + "-reconciler-1", service: "reconciler", project: p,
			host: "unix:///engine/" + filepath.Base(h.socket()), network: "container:" + vpn, cgroups: "private", mounts: []mount.Mount{h.engineFolder()},
			state: "version: 1\nproject: " + p + "\ndefaults: {unhealthy_grace: 1s, settle: 0s}\nservices:\n  vpn: running\n  web: running\n  app: running\n  db: stopped\n  reconciler: running\n",
		})
		d.ready()
		d.converged(1)
		h.becomes(app, "running")
		parent, itself := h.fingerprint(vpn), h.fingerprint(p+"-reconciler-1")

		// Both turn unhealthy; one of them is not restarted for it.
		was := h.fingerprint(web)
		h.must(h.ContainerKill(t.Context(), vpn, "HUP"))
		h.health(vpn, "unhealthy")
		h.must(h.ContainerKill(t.Context(), web, "HUP"))
		eventually(t, "the other is restarted", func() (bool, string) { return h.fingerprint(web) != was, h.fingerprint(web) })
		eventually(t, "told", func() (bool, string) {
			_, text := d.get("/v1/services/vpn")
			return strings.Contains(text, "docker restart "+p+"-vpn-1") && strings.Contains(text, `"ready": false`), text
		})

		d.spares("vpn", p+"-vpn-1 is the owner of a namespace that "+p+"-reconciler-1 shares")
		d.spares("reconciler", p+"-reconciler-1 is the container in which reconciler runs")
		if code, text := d.send("PUT", "/v1/services/state?wait=60s", `{"app":"stopped","web":"stopped","db":"running"}`); code != 200 {
			t.Errorf("the others: %d %s", code, text)
		}
		for name, want := range map[string]string{"app": "exited", "web": "exited", "db": "running"} {
			if st := h.state(p + "-" + name + "-1"); st != want {
				t.Errorf("%s is %s", name, st)
			}
		}
		if now := h.fingerprint(vpn); now != parent {
			t.Errorf("the parent was touched: %s, then %s", parent, now)
		}
		if now := h.fingerprint(p + "-reconciler-1"); now != itself {
			t.Errorf("it was touched itself: %s, then %s", itself, now)
		}
	})
}
