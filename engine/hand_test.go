package engine

import "testing"

func TestACommandIsWrittenAsItIsTyped(t *testing.T) {
	for want, got := range map[string]string{
		"docker rm -f web-1": HandRemove.On("web-1"), "docker compose up --no-start --force-recreate web": HandRecreate.On("web"),
		"docker compose up": HandUp.On(""),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
