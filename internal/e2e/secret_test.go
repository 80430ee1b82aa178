package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"reconciler/engine/docker/dockertest"
)

// Secrets that a container's environment, its labels and a token hold.
const (
	envSecret   = "hunter2-in-the-environment"
	labelSecret = "hunter2-in-a-label"
	tokenSecret = "hunter2-in-the-token-file"
)

// TestNoSecretIsInAnyOutput asks for everything that can be read but the
// container's own log, and reads the program's log, too.
func TestNoSecretIsInAnyOutput(t *testing.T) {
	onEach(t, func(t *testing.T, h *host) {
		p := dockertest.Name()
		created, err := h.ContainerCreate(t.Context(), &container.Config{
			Image: dockertest.Image, Entrypoint: []string{"/app"},
			Env: []string{"PASSWORD=" + envSecret}, Labels: map[string]string{
				"com.docker.compose.project": p,
				"com.docker.compose.service": "web", "com.docker.compose.oneoff": "False", "secret": labelSecret,
			},
		},
			&container.HostConfig{NetworkMode: "none"}, nil, nil, p+"-web-1")
		h.must(err)
		t.Cleanup(func() { _ = h.ContainerRemove(t.Context(), created.ID, container.RemoveOptions{Force: true}) })
		h.start(created.ID)
		file := write(t, "version: 1\nproject: "+p+"\ngroups: {all: [web]}\nservices:\n  web: stopped\n")
		sum := sha256.Sum256([]byte(tokenSecret))
		tokens := filepath.Join(t.TempDir(), "tokens")
		h.must(os.WriteFile(tokens, []byte("ann admin "+hex.EncodeToString(sum[:])+"\n"), 0o600))

		d := run(t, h.address, file, "--token-file", tokens)
		get := func(path, accept string) (int, string) {
			req, err := http.NewRequest("GET", d.url+path, nil)
			h.must(err)
			req.Header.Set("Authorization", "Bearer "+tokenSecret)
			req.Header.Set("Accept", accept)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return 0, err.Error()
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			h.must(err)
			return res.StatusCode, fmt.Sprint(res.Header) + string(body)
		}
		h.becomes(p+"-web-1", "exited") // it was inspected and acted upon
		asked := 0
		for path, accept := range readable(t, get) {
			code, text := get(path, accept)
			asked++
			if code != 200 {
				t.Errorf("GET %s: %d %s", path, code, text)
			}
			for _, secret := range []string{envSecret, labelSecret, tokenSecret, hex.EncodeToString(sum[:])} {
				if strings.Contains(text, secret) {
					t.Errorf("GET %s shows %s", path, secret)
				}
			}
		}
		if asked < 12 {
			t.Errorf("only %d things were read: too few to prove anything", asked)
		}
		for _, secret := range []string{envSecret, labelSecret, tokenSecret} {
			if strings.Contains(d.log.String(), secret) {
				t.Errorf("the log shows %s", secret)
			}
		}
	})
}

// readable are the paths that the OpenAPI document has for GET, with how to ask
// for them, but the log of a container.
func readable(t *testing.T, get func(path, accept string) (int, string)) map[string]string {
	t.Helper()
	var text string
	eventually(t, "the description", func() (bool, string) {
		var code int
		code, text = get("/v1/openapi.json", "application/json")
		return code == 200, text
	})
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text[strings.Index(text, "]{")+1:]), &doc); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	names := strings.NewReplacer("{service}", "web", "{group}", "all", "{revision}", "1", "{n}", "1")
	paths := make(map[string]string)
	for path, methods := range doc.Paths {
		if _, reads := methods["get"]; reads && !strings.HasSuffix(path, "/logs") {
			paths[names.Replace(path)] = map[bool]string{true: "application/json", false: "*/*"}[strings.HasSuffix(path, "/events")]
		}
	}
	return paths
}
