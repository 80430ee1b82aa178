package desired

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// drawn is a document in some of the forms that are accepted, with services s0,
// s1 and so on. Its comments begin with #@ and a number, and nothing else does.
type drawn struct {
	src     string
	entries []entry
}

// entry is where a service's entry stands.
type entry struct {
	from, to  int
	traceless bool // a suspension that an edit makes goes without a trace
	keeps     bool // its suspend stays as false
}

// drawing draws a document.
type drawing struct {
	*rapid.T
	b   strings.Builder
	end string
	n   int // of comments
}

func drawDocument(t *rapid.T) drawn {
	g := &drawing{T: t, end: rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")}
	g.line("%s", g.comment())
	g.line("version: 1%s", g.maybe(" ", g.comment()))
	g.line("project: shop")
	if g.toss("defaults") {
		g.line("defaults: {settle: 1s, replicas: 4}")
	}
	margin := rapid.IntRange(1, 5).Draw(t, "margin")
	inFlow := rapid.IntRange(0, 3).Draw(t, "services") == 0
	d := drawn{}
	if inFlow {
		g.b.WriteString("services: {")
	} else {
		g.line("services:%s", g.maybe(" ", g.comment()))
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "services") {
		e := entry{from: g.b.Len()}
		name := rapid.SampledFrom([]string{"s%d", "'s%d'", `"s%d"`}).Draw(t, "name")
		name = fmt.Sprintf(name, i) + ":" + g.gap()
		switch form := rapid.IntRange(0, 4).Draw(t, "form"); {
		case inFlow && form < 2:
			g.b.WriteString(name + g.word(false) + ", ")
		case inFlow:
			g.b.WriteString(name)
			e.traceless, e.keeps = g.inFlow(false)
			g.b.WriteString(", ")
		case form == 0:
			g.b.WriteString(pad(margin) + name)
			e.traceless, e.keeps = g.inFlow(g.toss("lines"))
			g.line("%s", g.maybe(" ", g.comment()))
		case form < 3:
			g.b.WriteString(pad(margin) + strings.TrimRight(name, " \t"))
			e.traceless, e.keeps = g.inBlock(margin + rapid.IntRange(1, 4).Draw(t, "indent"))
		default:
			word := g.word(g.toss("job"))
			g.line("%s%s%s%s", pad(margin), name, word, g.maybe(" ", g.comment()))
		}
		e.to = g.b.Len()
		if !inFlow && g.toss("between") {
			g.line("%s%s", pad(rapid.IntRange(0, 8).Draw(t, "at")), g.comment())
		}
		d.entries = append(d.entries, e)
	}
	if inFlow {
		g.line("} %s", g.comment())
	}
	d.src = g.b.String()
	if g.toss("no final newline") {
		d.src = strings.TrimSuffix(d.src, g.end)
		last := &d.entries[len(d.entries)-1]
		last.to = min(last.to, len(d.src))
	}
	return d
}

// inBlock draws the long form in block form.
func (g *drawing) inBlock(indent int) (traceless, keeps bool) {
	g.line("%s", g.maybe(" ", g.comment()))
	keys, suspended := g.keys()
	keeps = suspended
	for _, key := range keys {
		value := g.value(key)
		if g.toss("above") {
			g.line("%s%s", pad(indent), g.comment())
		}
		switch rapid.IntRange(0, 7).Draw(g.T, "style") {
		case 0: // an explicit key
			g.line("%s? %s", pad(indent), key)
			g.line("%s: %s%s", pad(indent), value, g.maybe(" ", g.comment()))
		case 1: // on a line of its own
			g.line("%s%s:%s", pad(indent), key, g.maybe(" ", g.comment()))
			g.line("%s%s%s", pad(indent+2), value, g.maybe("\t", g.comment()))
		case 2:
			if key == "suspend" {
				g.line("%s%s:", pad(indent), key)
				g.line("%sreason: fire%s", pad(indent+1), g.maybe("  ", g.comment()))
				break
			}
			fallthrough
		default:
			g.line("%s%s:%s%s%s", pad(indent), key, g.gap(), value, g.maybe(" ", g.comment()))
		}
	}
	return !suspended, keeps
}

// inFlow draws the long form in flow form.
func (g *drawing) inFlow(lines bool) (traceless, keeps bool) {
	keys, suspended := g.keys()
	g.b.WriteString("{" + g.maybe(" ", ""))
	beside := false
	for i, key := range keys {
		if i > 0 {
			g.b.WriteString(rapid.SampledFrom([]string{", ", ",  ", " , "}).Draw(g.T, "comma"))
		}
		g.b.WriteString(key + ":" + g.gap() + g.value(key))
		if lines && g.toss("break") {
			said := g.comment()
			g.line(" %s", said)
			g.b.WriteString(pad(9))
			beside = beside || key == "state"
		}
	}
	g.b.WriteString(rapid.SampledFrom([]string{"}", " }", ", }"}).Draw(g.T, "close"))
	return !suspended && !beside, suspended || beside
}

// keys draws which keys a service has, and whether suspend is among them.
func (g *drawing) keys() (keys []string, suspended bool) {
	keys = []string{"state"}
	for _, key := range []string{"replicas", "settle", "suspend", "on_unhealthy"} {
		if g.toss(key) {
			keys = append(keys, key)
			suspended = suspended || key == "suspend"
		}
	}
	return rapid.Permutation(keys).Draw(g.T, "keys"), suspended
}

func (g *drawing) value(key string) string {
	switch key {
	case "state":
		return g.word(false)
	case "replicas":
		return rapid.SampledFrom([]string{"1", "2", "+2"}).Draw(g.T, "replicas of it")
	case "settle":
		return rapid.SampledFrom([]string{"2s", "'3s'"}).Draw(g.T, "settle of it")
	case "on_unhealthy":
		return "ignore"
	}
	return rapid.SampledFrom([]string{
		"true", "false", "TRUE", "{by: ann}", `{ until: 2026-12-01T18:00:00Z , "reason": 'it''s {' }`,
		`{reason: "ü \" }", }`, "{until: 2026-12-01T20:00:00.5+02:00}", heldText[len("suspend: "):],
	}).Draw(g.T, "suspend of it")
}

// word draws a state as it may be written.
func (g *drawing) word(job bool) string {
	words := []string{"running", "stopped"}
	if job {
		words = []string{"completed"}
	}
	quote := rapid.SampledFrom([]string{"", "", "'", `"`}).Draw(g.T, "quote")
	word := quote + rapid.SampledFrom(words).Draw(g.T, "state") + quote
	if quote == `"` && g.toss("escape") {
		word = strings.Replace(word, "n", `\x6e`, 1)
	}
	return word
}

func (g *drawing) line(format string, args ...any) { fmt.Fprintf(&g.b, format+g.end, args...) }

func (g *drawing) comment() string {
	g.n++
	return fmt.Sprintf("#@%d %s", g.n, rapid.StringMatching(`[a-zä夜🦆:{}'", running]{0,12}`).Draw(g.T, "comment"))
}

func (g *drawing) maybe(before, text string) string {
	if g.toss("maybe") {
		return before + text
	}
	return ""
}

func (g *drawing) gap() string {
	return rapid.SampledFrom([]string{" ", " ", "  ", " \t"}).Draw(g.T, "gap")
}

func (g *drawing) toss(what string) bool { return rapid.Bool().Draw(g.T, what) }

func pad(n int) string { return strings.Repeat(" ", n) }
