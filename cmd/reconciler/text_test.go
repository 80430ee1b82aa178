package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

func TestColumnsStayAlignedWhateverTheCharacters(t *testing.T) {
	rows := func() table {
		return table{
			{"SERVICE", "STATUS", "WHY"},
			{"plain", "running", "a text that is longer than the screen"},
			{"数据库", "运行中", "中文的消息也要在屏幕的边上截断才行"},
			{"👩‍💻🚀", "ok 🇩🇪", "emoji 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀"},
			{"cafe\u0301", "e\u0301te\u0301", strings.Repeat("o\u0302", 30)},
			{"a\u202eb\x1b[2J", "x\ny\tz", "\x07"},
		}
	}
	for _, width := range []int{0, 40, 30, 5} {
		var out bytes.Buffer
		rows().write(&out, screen{width: width}, nil)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 6 {
			t.Fatalf("%d lines: %q", len(lines), lines)
		}
		for i, line := range lines {
			second, third := "STATUS", "WHY"
			if i > 0 {
				row := rows()[i]
				second, third = strings.Join(strings.Fields(clean(row[1])), " "), clean(row[2])
			}
			if at := runewidth.StringWidth(line[:strings.Index(line, second)]); at != 9 {
				t.Errorf("width %d: the second column begins at %d: %q", width, at, line)
			}
			if n := runewidth.StringWidth(line); width > 20 && n > width {
				t.Errorf("width %d: %d wide: %q", width, n, line)
			}
			whole := strings.HasSuffix(line, third)
			if fits := width == 0 || 18+runewidth.StringWidth(third) <= width; whole != fits && third != "" || !whole && !strings.HasSuffix(line, "…") {
				t.Errorf("width %d: %q of %q", width, line, third)
			}
		}
	}
}

func TestAFrameFitsTheScreenAndLeavesNothingBehind(t *testing.T) {
	for _, c := range []struct {
		screen screen
		text   string
		want   string
	}{
		{screen{width: 5, height: 4}, "a\nb\nc\n", "\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\n\x1b[J"},
		{screen{width: 9, height: 4}, "a\nb\nc\nd\n", "\x1b[Ha\x1b[K\nb\x1b[K\n… 2 more\x1b[K\n\x1b[J"},
		{screen{width: 5, height: 4}, "warning: x\n", "\x1b[Hwarn…\x1b[K\n\x1b[J"},
		{screen{}, "of unknown size\n", "\x1b[Hof unknown size\x1b[K\n\x1b[J"},
	} {
		var out bytes.Buffer
		if err := c.screen.frame(&out, c.text); err != nil || out.String() != c.want {
			t.Errorf("%+v: %v, %q, want %q", c.screen, err, out.String(), c.want)
		}
	}
}
