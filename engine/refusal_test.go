package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPortsOverlapWhereBothCanNotBeHad(t *testing.T) {
	for _, c := range []struct {
		a, b Port
		want bool
	}{
		{Port{Host: 80, Protocol: "tcp"}, Port{Host: 80, Protocol: "tcp"}, true},
		{Port{Host: 80, Protocol: "tcp"}, Port{Host: 81, Protocol: "tcp"}, false},
		{Port{Host: 80, Protocol: "tcp"}, Port{Host: 80, Protocol: "udp"}, false},
		{Port{Host: 80}, Port{Host: 80, Protocol: "udp"}, true},
		{Port{Host: 80, Container: 8080, Protocol: "tcp"}, Port{Host: 80, Container: 3000, Protocol: "tcp"}, true},
		{Port{HostIP: "0.0.0.0", Host: 80, Protocol: "tcp"}, Port{HostIP: "127.0.0.1", Host: 80, Protocol: "tcp"}, true},
		{Port{HostIP: "10.0.0.1", Host: 80, Protocol: "tcp"}, Port{HostIP: "127.0.0.1", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "10.0.0.1", Host: 80, Protocol: "tcp"}, Port{HostIP: "10.0.0.1", Host: 80, Protocol: "tcp"}, true},
		{Port{Host: 80, Protocol: "tcp"}, Port{HostIP: "::1", Host: 80, Protocol: "tcp"}, true},
		{Port{HostIP: "::", Host: 80, Protocol: "tcp"}, Port{HostIP: "::1", Host: 80, Protocol: "tcp"}, true},
		{Port{HostIP: "::", Host: 80, Protocol: "tcp"}, Port{HostIP: "127.0.0.1", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "0.0.0.0", Host: 80, Protocol: "tcp"}, Port{HostIP: "::1", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "::ffff:10.0.0.1", Host: 80, Protocol: "tcp"}, Port{HostIP: "10.0.0.1", Host: 80, Protocol: "tcp"}, true},
		{Port{HostIP: "no address", Host: 80, Protocol: "tcp"}, Port{HostIP: "10.0.0.1", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "no address", Host: 80, Protocol: "tcp"}, Port{HostIP: "::", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "no address", Host: 80, Protocol: "tcp"}, Port{HostIP: "another", Host: 80, Protocol: "tcp"}, false},
		{Port{HostIP: "no address", Host: 80, Protocol: "tcp"}, Port{HostIP: "no address", Host: 80, Protocol: "tcp"}, true},
		{Port{}, Port{}, false},
	} {
		if got, back := c.a.Overlaps(c.b), c.b.Overlaps(c.a); got != c.want || back != c.want {
			t.Errorf("%+v and %+v: %v, the other way round %v; want %v", c.a, c.b, got, back, c.want)
		}
	}
}

func TestARefusalIsInvalidAndIsFoundInWhatWrapsIt(t *testing.T) {
	cause := errors.New("500")
	err := fmt.Errorf("start web: %w", &Refusal{Kind: PathMissing, Subject: "/srv/x", Words: "no such path", Err: cause})
	var r *Refusal
	if !errors.Is(err, ErrInvalid) || !errors.Is(err, cause) || errors.Is(err, ErrNotFound) || !errors.As(err, &r) || r.Subject != "/srv/x" {
		t.Errorf("%v is not what it is", err)
	}
	if within := (&Refusal{Words: "no"}).Unwrap(); !slices.Equal(within, []error{ErrInvalid}) {
		t.Errorf("one from nothing else is made of %v", within)
	}
	if want := "start web: refused by the engine: no such path"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestWordsOfOthersAreOneBoundedLine(t *testing.T) {
	for text, want := range map[string]string{
		"as it is":            "as it is",
		" two\n lines\t\r\n ": "two lines",
		"not\xffUTF-8":        "not?UTF-8",
	} {
		if got := Excerpt(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, fits := range []string{"", "x", strings.Repeat("x", MaxWords)} {
		if got := Excerpt(fits); got != fits {
			t.Errorf("%d bytes became %q", len(fits), got)
		}
	}
	for _, long := range []string{strings.Repeat("x", MaxWords+1), strings.Repeat("x", 1000), strings.Repeat("é", 1000), "x" + strings.Repeat("é", 1000)} {
		got := Excerpt(long)
		if len(got) > MaxWords || len(got) < MaxWords-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
}

func TestAPortAndAnIDArePrintedAsDockersToolsDo(t *testing.T) {
	for want, p := range map[string]Port{
		"8080/tcp":              {Host: 8080, Protocol: "tcp"},
		"8080":                  {HostIP: "0.0.0.0", Host: 8080},
		"53/udp":                {HostIP: "::", Host: 53, Protocol: "udp"},
		"8080/tcp of 127.0.0.1": {HostIP: "127.0.0.1", Host: 8080, Protocol: "tcp"},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v is %q, want %q", p, got, want)
		}
	}
	id := strings.Repeat("0123456789abcdef", 4)
	for ref, want := range map[string]string{id: "0123456789ab", id[1:]: id[1:], "a-long-name-of-a-container": "a-long-name-of-a-container", "": ""} {
		if got := ShortID(ref); got != want {
			t.Errorf("%q is %q, want %q", ref, got, want)
		}
	}
}
