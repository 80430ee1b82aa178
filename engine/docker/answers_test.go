package docker

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
	"reconciler/engine/docker/hands"
)

func TestAnEngineThatIsTooOldIsUnavailableUntilItIsNewer(t *testing.T) {
	f, e := speak(t, says(200, `{"Version":"19.03"}`))
	for _, version := range []string{"1.40", ""} { // "": a ping that failed and tells nothing
		f.upgrade(version)
		if info, err := e.Info(t.Context()); !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "1.41") {
			t.Errorf("API %q: %+v, error %v, want ErrUnavailable and what would do", version, info, err)
		}
	}
	f.upgrade("1.41")
	if info, err := e.Info(t.Context()); err != nil || info.APIVersion != "1.41" || info.Hands != hands.Docker() {
		t.Errorf("%+v, error %v", info, err)
	}
}

func TestAGarbledEventEndsTheStreamAndIsNone(t *testing.T) {
	const good = `{"Type":"container","Action":"die","Actor":{"ID":"4f5e","Attributes":{"name":"web"}},"timeNano":1}`
	big := strings.Replace(good, `"name"`, `"label":"`+strings.Repeat("x", 10<<20)+`","name"`, 1)
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"nothing":               {"", nil},
		"a good one":            {good, []string{"die web"}},
		"two on a line":         {good + good, []string{"die web", "die web"}},
		"one of 10 MB":          {big + good, []string{"die web", "die web"}},
		"one that is cut":       {good + good[:40], []string{"die web"}},
		"no JSON":               {good + "<html>" + good, []string{"die web"}},
		"a number":              {good + "4711" + good, []string{"die web"}},
		"null":                  {"null" + good, []string{"die web"}},
		"without an ID":         {`{"Action":"die"}` + good, []string{"die web"}},
		"of no interest":        {strings.Replace(good, "die", "exec_start: sh", 1) + good, []string{"die web"}},
		"a result behind it":    {strings.Replace(good, "die", "health_status: healthy", 1), []string{"health_status web"}},
		"a signal that is none": {strings.Replace(strings.Replace(good, "die", "kill", 1), `"name"`, `"signal":"TERM","name"`, 1), []string{"kill web"}},
	} {
		_, e := speak(t, says(200, c.body))
		var heard []string
		err := e.Events(t.Context(), func() {}, func(ev engine.Event) { heard = append(heard, string(ev.Action)+" "+ev.Name) })
		if diff := cmp.Diff(c.want, heard); diff != "" || !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("%s: error %v, want ErrUnavailable (- want, + got):\n%s", name, err, diff)
		}
	}
}
