package desired

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"reconciler/internal/hostile"
)

// few fails if more is said of a bad document than anybody could take.
func few(t *testing.T, bad *ParseError) {
	t.Helper()
	const most = 101 // with how many more there are
	if len(bad.Problems) > most {
		t.Errorf("%d problems are told", len(bad.Problems))
	}
	length := 0
	for i, p := range bad.Problems {
		if n := utf8.RuneCountInString(p.Message); n > 800 {
			t.Errorf("a message of %d characters: %.100s", n, p.Message)
		}
		if counted := p.Line == 0; counted && (i < len(bad.Problems)-1 || !strings.HasPrefix(p.Message, "and ")) {
			t.Errorf("problem %d has no place: %s", i, p.Message)
		}
		length += len(p.Message)
	}
	if length > 33<<10 {
		t.Errorf("the messages have %d bytes", length)
	}
}

func TestWhateverIsWrongIsToldInFewWords(t *testing.T) {
	for _, size := range []int{64 << 10, hostile.Size} {
		for _, d := range hostile.Documents(size) {
			_, err := Parse("state.yaml", d.Source)
			var bad *ParseError
			if errors.As(err, &bad) {
				few(t, bad)
			}
			if len(fmt.Sprint(err)) > 64<<10 {
				t.Errorf("%s: the error has %d bytes", d.Name, len(err.Error()))
			}
			if d.Valid && size < hostile.Size && err != nil {
				t.Errorf("%s: %.200v", d.Name, err)
			}
		}
	}
}

func TestTheFirstProblemsAreToldAndTheOthersCounted(t *testing.T) {
	var src strings.Builder
	src.WriteString("groups: {a: [x, y]}\nversion: 1\nproject: shop\nservices:\n")
	for i := range 5000 {
		fmt.Fprintf(&src, "  s%d: runing\n", i)
	}
	_, err := Parse("state.yaml", []byte(src.String()))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || lines[100] != "state.yaml: and 4902 more" {
		t.Fatalf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
	}
	for i, want := range map[int]string{0: "state.yaml:1:14: group a", 1: "state.yaml:1:17: group a", 2: "state.yaml:5:7: ", 99: "state.yaml:102:8: "} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %s, want %s…", i, lines[i], want)
		}
	}
	if n := strings.Count(err.Error(), "did you mean"); n == 0 || n > maxSuggestions {
		t.Errorf("%d suggestions", n)
	}
}

// taken is what something took of memory.
type taken struct{ bytes, objects uint64 }

func cost(f func()) taken {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return taken{after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs}
}

// TestReadingTakesInProportionToTheLength counts what is allocated, which is
// the same on every machine: a comparison of each with each allocates, too.
func TestReadingTakesInProportionToTheLength(t *testing.T) {
	const small, times = 16 << 10, 4
	short, long := hostile.Documents(small), hostile.Documents(times*small)
	for i, d := range long {
		read := func(src []byte) taken {
			return cost(func() {
				doc, err := Parse("state.yaml", src)
				if err != nil {
					_ = err.Error()
				} else if _, err := doc.JSON(); err != nil {
					t.Errorf("%s: %v", d.Name, err)
				}
			})
		}
		one, four := read(short[i].Source), read(d.Source)
		// Half as much again is for tables that grow in steps, and the rest for what happens beside.
		if most := times * 3 / 2; four.bytes > uint64(most)*one.bytes+256<<10 || four.objects > uint64(most)*one.objects+1000 {
			t.Errorf("%s: %d times the length took %v instead of %v", d.Name, times, four, one)
		}
	}
}

// TestNoValueIsBehindNoMark: what is counted before the YAML library builds a
// document is no fewer than what it builds, however it is written.
func TestNoValueIsBehindNoMark(t *testing.T) {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
		"a", " ", "  ", ",", "[", "]", "{", "}", ":", "-", "?", "\"", "'", "#", "\n", "\r", "\u0085", "\u2028",
		"|", "&x ", "*x ", "!t ", "a: ", "- ", "\"a\":", "a,", "\n# ", "\"\n# ", "-\u2028", "a:\u0085",
	}), 0, 40)
	nodes := func(src string) (count int) {
		var root yaml.Node
		if yaml.Unmarshal([]byte(src), &root) != nil {
			return 0
		}
		var visit func(n *yaml.Node)
		visit = func(n *yaml.Node) {
			count++
			for _, c := range n.Content {
				visit(c)
			}
		}
		visit(&root)
		return count
	}
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(pieces.Draw(t, "pieces"), "")
		if made, counted := nodes(src), values([]byte(src)); made > 3*counted+3 { // a key, a value and what they are in; the document, its root and what that is in
			t.Fatalf("%q has %d nodes, and %d values are counted", src, made, counted)
		}
	})
	for name, src := range map[string]string{
		"behind a comment and another break":   "services: {}\n#\rgroups: [" + strings.Repeat("a,", 100_000) + "]\n",
		"behind a text that looks like one":    "services: [\"x\n# y\"," + strings.Repeat("a,", 100_000) + "]\n",
		"behind a mark and another break":      "services:\n" + strings.Repeat("-\u2028", 100_000) + "a\n",
		"behind a key's mark and such a break": "services:\n" + strings.Repeat(" a:\u0085", 100_000) + "a\n",
	} {
		if n := values([]byte(src)); n < 100_000 {
			t.Errorf("%s only %d are counted", name, n)
		}
	}
	if n := values([]byte(strings.Repeat("# a, b, c: d\n", 1000))); n != 0 {
		t.Errorf("in comments %d are counted", n)
	}
}

func TestAJSONBodyIsTakenInProportionToItsLength(t *testing.T) {
	for name, piece := range map[string]string{"arrays": "[],", "numbers": "1,", "objects": "{},", "words": `"a",`} {
		body := []byte(`{"services":[` + strings.Repeat(piece, (hostile.Size-20)/len(piece)) + "1]}")
		var err error
		if taken := cost(func() { _, err = ReplacementJSON(body) }); taken.bytes > 16*hostile.Size || err == nil || !strings.Contains(err.Error(), "more than 50000 values") {
			t.Errorf("%s: %d MiB were allocated for one: %v", name, taken.bytes>>20, err)
		}
	}
}

func TestAPieceOfTheFileIsShownShortAndWhole(t *testing.T) {
	for text, want := range map[string]string{
		"web":                         `"web" web`,
		"a\x1b[2J\u202e\n":            `"a\x1b[2J\u202e\n" a\u001b[2J\u202e\u000a`,
		strings.Repeat("x", 200):      fmt.Sprintf("%q %[1]s", strings.Repeat("x", 200)),
		strings.Repeat("x", 1<<20):    fmt.Sprintf("\"%s…\" %[1]s…", strings.Repeat("x", 200)),
		strings.Repeat("数", 201):      fmt.Sprintf("\"%s…\" %[1]s…", strings.Repeat("数", 200)),
		strings.Repeat("\x1b", 1<<20): `"` + strings.Repeat(`\x1b`, 50) + `…" ` + strings.Repeat(`\u001b`, 33) + "…",
	} {
		if got := fmt.Sprintf("%q %[1]s", Quoted(text)); got != want {
			t.Errorf("%.20q is shown as %s\nwant %s", text, got, want)
		}
	}
}

func TestASuggestionIsTheNearestWordOfTheFirstThousand(t *testing.T) {
	words := rapid.StringMatching(`[a-c]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		limit := rapid.IntRange(1, maxDistance).Draw(t, "limit")
		if got, want := editDistance(a, b, limit), min(wholeDistance(a, b), limit); got != want {
			t.Fatalf("from %q to %q it is %d, below %d: %d", a, b, want, limit, got)
		}
	})
	known := make([]string, 2000)
	for i := range known {
		known[i] = fmt.Sprintf("something-else-%d", i)
	}
	known[maxCandidates] = "web"
	if got := Suggest("wev", known); got != "" {
		t.Errorf("beyond the first: %s", got)
	}
	known[maxCandidates-1] = "web"
	if got := Suggest("wev", known); got != `; did you mean "web"?` {
		t.Errorf("among the first: %q", got)
	}
}

// wholeDistance is Levenshtein's, as he wrote it.
func wholeDistance(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return wholeDistance(a[1:], b[1:])
	}
	return 1 + min(wholeDistance(a[1:], b), wholeDistance(a, b[1:]), wholeDistance(a[1:], b[1:]))
}

func TestAPlaceInTheTextIsFoundAsIfByCounting(t *testing.T) {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ä", "数", "🚀", "\n", "\r\n", "\r", "\u0085", "\u2028", strings.Repeat("x", 100), strings.Repeat("é", 70)}), 0, 30)
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(pieces.Draw(t, "pieces"), "")
		n := &yaml.Node{Line: rapid.IntRange(1, 6).Draw(t, "line"), Column: rapid.IntRange(1, 300).Draw(t, "column")}
		at, ok := newText([]byte(src)).at(n)
		want, wantOK := counted(src, n.Line, n.Column)
		if ok != wantOK || ok && at != want {
			t.Fatalf("%d:%d of %q is at %d, %v; want %d, %v", n.Line, n.Column, src, at, ok, want, wantOK)
		}
	})
}

// counted is where line and column are, by counting.
func counted(src string, line, column int) (int, bool) {
	at := 0
	for ; line > 1; line-- {
		for width := 0; width == 0; at += max(1, width) {
			if at >= len(src) {
				return 0, false
			}
			width = breakWidth([]byte(src[at:]))
		}
	}
	for ; column > 1 && at < len(src) && breakWidth([]byte(src[at:])) == 0; column-- {
		_, size := utf8.DecodeRuneInString(src[at:])
		at += size
	}
	return at, column == 1 && at < len(src) && breakWidth([]byte(src[at:])) == 0
}

func TestManyServicesOfOneLineAreChangedAtOnce(t *testing.T) {
	var src strings.Builder
	src.WriteString("version: 1\nproject: shop\nservices: {")
	var changes []Change
	for i := range 6_000 { // by counting from where the line begins it would be some billion steps
		fmt.Fprintf(&src, "s%d: {suspend: {reason: é}, state: running}, ", i)
		changes = append(changes, Change{Service: fmt.Sprintf("s%d", i), State: Stopped, Resume: true})
	}
	src.WriteString("}\n")
	edited, err := Edit(mustParse(t, src.String()), changes)
	if want := strings.NewReplacer("suspend: {reason: é}", "suspend: false", "running", "stopped").Replace(src.String()); err != nil || string(edited) != want {
		t.Errorf("%v: %.200s", err, edited)
	}
}

func TestWhatIsToBeWrittenByHandIsShort(t *testing.T) {
	var src strings.Builder
	src.WriteString("version: 1\nproject: shop\nservices:\n")
	var changes []Change
	for i := range 2000 {
		fmt.Fprintf(&src, "  s%d:\n    >-\n    running\n", i)
		changes = append(changes, Change{Service: fmt.Sprintf("s%d", i), State: Stopped})
	}
	_, err := Edit(mustParse(t, src.String()), changes)
	if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "s9: stopped\n  # and 1990 more") || len(err.Error()) > 4<<10 {
		t.Errorf("%d bytes: %.3000v", len(fmt.Sprint(err)), err)
	}
	src.Reset()
	src.WriteString("version: 1\nproject: shop\nservices:\n  web:\n    # " + strings.Repeat("long ", 10_000) + "\n    state:\n      >-\n      running\n")
	_, err = Edit(mustParse(t, src.String()), []Change{{Service: "web", State: Stopped}})
	if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "# web, on line 6, which is too long to be shown") || len(err.Error()) > 4<<10 {
		t.Errorf("%d bytes: %.3000v", len(fmt.Sprint(err)), err)
	}
}
