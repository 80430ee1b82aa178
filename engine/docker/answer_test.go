package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"reconciler/engine"
)

// writeLongLabels writes 21 labels of 1 MiB each.
func writeLongLabels(w io.Writer) {
	piece := strings.Repeat(`x\u001b\"`, 1000)
	for i := range 21 {
		label := engine.LabelDependsOn
		if i > 0 {
			label = fmt.Sprint("l", i)
		}
		fmt.Fprintf(w, `,%q:"`, label)
		for range 1 << 20 / len(piece) {
			_, _ = io.WriteString(w, piece) // who goes away has read enough
		}
		_, _ = io.WriteString(w, `"`)
	}
}

func TestOfLongLabelsNothingIsBuiltAndLessIsKept(t *testing.T) {
	_, e := speak(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/containers/json") {
			fmt.Fprint(w, `[{"Id":"4f5e","Names":["/web"],"State":"running","Labels":{"com.docker.compose.project":"shop"`)
			writeLongLabels(w)
			fmt.Fprint(w, "}}]")
			return
		}
		begin, end, _ := strings.Cut(inspected, `"com.docker.compose.project":"shop"`)
		fmt.Fprint(w, begin+`"com.docker.compose.project":"shop"`)
		writeLongLabels(w)
		fmt.Fprint(w, end)
	})
	measured := func(what string, ask func() engine.Summary) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := ask()
		runtime.ReadMemStats(&after)
		if want := (engine.Claim{Project: "shop", Labelled: true, Unread: engine.Unread{Part: engine.PartDependsOn, Label: engine.LabelDependsOn}}); !reflect.DeepEqual(s.Claim, want) {
			t.Errorf("%s: the claim is %.300v", what, s.Claim)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 10<<20 { // with what the other end takes
			t.Errorf("%s: %d MiB were allocated for labels of 21", what, taken>>20)
		}
	}
	measured("list", func() engine.Summary {
		list, err := e.List(t.Context(), "shop")
		if err != nil || len(list) != 1 {
			t.Fatal(err, len(list))
		}
		return list[0]
	})
	measured("inspect", func() engine.Summary {
		c, err := e.Inspect(t.Context(), "4f5e")
		if err != nil {
			t.Fatal(err)
		}
		return c.Summary
	})
}

func TestAnAnswerWithoutEndIsNoAnswer(t *testing.T) {
	_, e := speak(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"Id":"4f5e","Labels":{"`)
		for {
			if _, err := fmt.Fprint(w, strings.Repeat(`key":"value","`, 1000)); err != nil {
				return
			}
		}
	})
	e.most = 2 << 20 // 64 MiB take the race detector longer than a list may
	cli, err := e.connect()
	if err != nil {
		t.Fatal(err)
	}
	e.client.Store(cli)
	if _, err := e.List(t.Context(), "shop"); !errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "longer than 2 MiB") {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerIsTheSameButForWhatIsLong(t *testing.T) {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", `"`, `\`, "\n", "\x1b", "é", "数", "{}[],:", strings.Repeat("x", 40_000), strings.Repeat("\\", 40_000), strings.Repeat("\u2028", 20_000)}), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		var values []string
		for range rapid.IntRange(0, 4).Draw(t, "values") {
			values = append(values, strings.Join(pieces.Draw(t, "pieces"), ""))
		}
		src, err := json.Marshal(map[string]any{"values": values, "n": 1})
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(strings.NewReader(string(src)))
		if rapid.Bool().Draw(t, "byte by byte") {
			body = iotest.OneByteReader(body)
		}
		read, err := io.ReadAll(&shortStrings{body: io.NopCloser(body), most: maxAnswer})
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Values []string }
		if err := json.Unmarshal(read, &got); err != nil || len(got.Values) != len(values) {
			t.Fatalf("%d values of %d: %v", len(got.Values), len(values), err)
		}
		for i, v := range values {
			short, _ := json.Marshal(v)
			if g := strings.TrimRight(got.Values[i], "\ufffd"); g != v && (len(short)-2 <= maxString || !strings.HasPrefix(v, g) || len(g) < maxString/6-8) {
				t.Fatalf("value %d of %d bytes became one of %d", i, len(v), len(g))
			}
		}
	})
}
