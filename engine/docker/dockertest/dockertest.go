// Package dockertest finds the real engines that tests run on, and gives them
// an image to run; no registry is needed. It is imported by tests only.
package dockertest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Image is what Connect gives each engine: /app of the folder app, with no
// entry point.
const Image = "reconciler-test"

// Engines returns the addresses of the engines to test on: those of
// RECONCILER_TEST_ENGINES, else DOCKER_HOST. Without any it skips the test, or
// fails it where RECONCILER_TEST_ENGINE is required.
func Engines(t testing.TB) []string {
	t.Helper()
	hosts := strings.Fields(os.Getenv("RECONCILER_TEST_ENGINES"))
	if h := os.Getenv("DOCKER_HOST"); len(hosts) == 0 && h != "" {
		hosts = []string{h}
	}
	if len(hosts) == 0 {
		if os.Getenv("RECONCILER_TEST_ENGINE") == "required" {
			t.Fatal("an engine is required: name some in RECONCILER_TEST_ENGINES")
		}
		t.Skip("no engine: neither RECONCILER_TEST_ENGINES nor DOCKER_HOST is set (hack/engine up prints one)")
	}
	return hosts
}

// Connect returns a client of the engine at that address, which has the image
// then, and the version of the API that they speak.
func Connect(t testing.TB, address string) (cli *client.Client, version string) {
	t.Helper()
	cli, err := client.NewClientWithOpts(client.WithHost(address), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	v, err := cli.ServerVersion(t.Context())
	if err != nil {
		t.Fatalf("engine %s: %v", address, err)
	}
	if err := load(t, cli); err != nil {
		t.Fatalf("image for engine %s: %v", address, err)
	}
	return cli, v.APIVersion
}

// load builds the app and imports it as the image.
func load(t testing.TB, cli *client.Client) error {
	app := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-o", app, "reconciler/engine/docker/dockertest/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, text)
	}
	return Import(t, cli, Image, app)
}

// Import makes an image of that one file, which lies in its root.
func Import(t testing.TB, cli *client.Client, name, file string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: filepath.Base(file), Mode: 0o755, Size: int64(len(src))}); err != nil {
		return err
	}
	if _, err := w.Write(src); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	rc, err := cli.ImageImport(t.Context(), image.ImportSource{Source: &layer, SourceName: "-"}, name, image.ImportOptions{})
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, rc)
	return err
}

var names atomic.Int64

// Name is a name that no other test uses.
func Name() string { return fmt.Sprintf("rt%d-%d", os.Getpid(), names.Add(1)) }
