package engine

import "testing"

func TestACommandIsWrittenAsItIsTypedAndLeftOutWhereThereIsNone(t *testing.T) {
	const stop, up, none = Hand("docker stop"), Hand("docker compose up"), Hand("")
	for _, c := range []struct{ got, want string }{
		{stop.On("web-1"), "docker stop web-1"},
		{up.On(""), "docker compose up"},
		{none.On("web-1"), ""},
		{stop.After("stop it by hand", "web-1"), "stop it by hand: docker stop web-1"},
		{none.After("stop it by hand", "web-1"), "stop it by hand"},
		{up.Aside("create them first", ""), "create them first (docker compose up)"},
		{none.Aside("create them first", ""), "create them first"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
