package api

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestATokenIsKnownByItsHash(t *testing.T) {
	tokens := tokensOf(t)
	for _, role := range []Role{Read, Flip, Admin} {
		if found, err := tokens.find(secretOf(role)); err != nil || found == nil || found.role != role {
			t.Errorf("%s: %+v, %v", role, found, err)
		}
	}
	for _, wrong := range []string{"", "root", secretOf(Admin) + "x", secretOf(Admin)[1:], strings.ToUpper(secretOf(Admin)), secretOf("owner")} {
		if found, err := tokens.find(wrong); err != nil || found != nil {
			t.Errorf("%q is taken for %+v, %v", wrong, found, err)
		}
	}
	sum := strings.Fields(tokenLine("root", Admin, secretOf(Admin)))[2]
	if found, _ := tokens.find(sum); found != nil {
		t.Error("who can read the file comes in by the hash")
	}
}

func TestAShortTokenIsNoToken(t *testing.T) {
	short, long := strings.Repeat("s", minToken-1), strings.Repeat("l", minToken)
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, tokenLine("a", Admin, short)+tokenLine("b", Admin, long)+tokenLine("c", Admin, ""))
	var told []string
	tokens, err := OpenTokens(file, func(err error) { told = append(told, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for secret, want := range map[string]bool{short: false, long: true, "": false, "guessed": false} {
			if found, _ := tokens.find(secret); (found != nil) != want {
				t.Errorf("%q: %+v", secret, found)
			}
		}
	}
	slices.Sort(told)
	if len(told) != 2 || !strings.Contains(told[0], "the token of a has less than 20 characters") || !strings.Contains(told[0], "token new") || strings.Contains(told[0], short) {
		t.Errorf("told of %q", told)
	}
}

// TestABadTokenFileIsRefusedWithItsLines names each line that is wrong.
func TestABadTokenFileIsRefusedWithItsLines(t *testing.T) {
	good := tokenLine("good", Read, "the-secret-of-somebody")
	sum := strings.Fields(good)[2]
	for _, c := range []struct{ text, says string }{
		{"a read\n", "line 1: write a name"},
		{"\n# c\na read " + sum + " more\n", "line 3: write a name"},
		{"A read " + sum + "\n", `line 1: the name "A"`},
		{"-a read " + sum + "\n", `the name "-a"`},
		{strings.Repeat("a", 64) + " read " + sum + "\n", "the name"},
		{"a\u202eb read " + sum + "\n", `the name "a\u202eb"`},
		{"a none " + sum + "\n", `"none" is no role`},
		{"a Admin " + sum + "\n", `"Admin" is no role`},
		{"a read the-secret-of-somebody\n", "no SHA-256"},
		{"a read " + sum[:63] + "\n", "no SHA-256"},
		{"a read " + sum + "00\n", "no SHA-256"},
		{good + "good flip " + strings.Repeat("0", 64) + "\n", "line 2: the name good stands there twice"},
		{good + "other flip " + strings.ToUpper(sum) + "\n", "line 2: other has the token of good"},
		{good + "a\nb\n", "line 3: write"},
		{strings.Repeat("#", maxTokenFile+1), "longer than"},
	} {
		file := filepath.Join(t.TempDir(), "tokens")
		writeFile(t, file, c.text)
		tokens, err := OpenTokens(file, nil)
		if !errors.Is(err, ErrTokens) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60q: %v; it doesn't say %q", c.text, err, c.says)
		}
		if strings.Contains(err.Error(), "the-secret") {
			t.Errorf("it tells the secret: %v", err)
		}
		if found, err := tokens.find("the-secret-of-somebody"); found != nil || !errors.Is(err, ErrTokens) {
			t.Errorf("%.60q lets in %+v, %v", c.text, found, err)
		}
	}
}

// TestABadTokenFileIsNotToldWithoutEnd: what is told of it stands in the log.
func TestABadTokenFileIsNotToldWithoutEnd(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	for name, text := range map[string]string{
		"many lines":         strings.Repeat("a\n", 500_000),
		"a long name":        long + " read " + long + "\n",
		"a long role":        "a " + long + " " + long + "\n",
		"one name all along": strings.Repeat(tokenLine("a", Read, secretOf(Read)), 10_000),
	} {
		file := filepath.Join(t.TempDir(), "tokens")
		writeFile(t, file, text)
		if _, err := OpenTokens(file, nil); !errors.Is(err, ErrTokens) || len(err.Error()) > 4<<10 {
			t.Errorf("%s: %d bytes: %.200v", name, len(err.Error()), err)
		}
	}
}

func TestATokenFileMustBeAFileThatOnlyItsOwnerWrites(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "tokens")
	writeFile(t, file, tokenLine("a", Read, secretOf(Read)))
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o444: true, 0o660: false, 0o602: false, 0o666: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenTokens(file, nil); (err == nil) != ok {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, pipe, filepath.Join(folder, "nothing"), ""} {
		if _, err := OpenTokens(path, nil); !errors.Is(err, ErrTokens) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestTokensFollowTheirFile: what is taken out of it, or out of its reach, is
// worth nothing from the next request on.
func TestTokensFollowTheirFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, tokenLine("a", Flip, secretOf(Flip)))
	var told []string
	tokens, err := OpenTokens(file, func(err error) { told = append(told, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, role Role, broken bool) {
		t.Helper()
		for range 2 { // the second is as the first, though nothing is read
			found, err := tokens.find(secretOf(Flip))
			if (found != nil) != (role != None) || found != nil && found.role != role || errors.Is(err, ErrTokens) != broken {
				t.Errorf("%s: %+v, %v", when, found, err)
			}
		}
	}
	later := time.Now()
	write := func(text string) { // a clock that stands still between writes hides nothing
		writeFile(t, file, text)
		later = later.Add(time.Second)
		if err := os.Chtimes(file, later, later); err != nil {
			t.Fatal(err)
		}
	}
	expect("as it was", Flip, false)
	write(tokenLine("a", Read, secretOf(Flip)))
	expect("with less to do", Read, false)
	write("# nobody\n")
	expect("taken out", None, false)
	write("nonsense\n")
	expect("broken", None, true)
	write(tokenLine("a", Flip, secretOf(Flip)))
	expect("mended", Flip, false)
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	expect("writable by all", None, true)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect("gone", None, true)
	write(tokenLine("a", Admin, secretOf(Flip)))
	expect("back", Admin, false)
	if len(told) != 3 {
		t.Errorf("told of %d troubles, not 3: %q", len(told), told)
	}
}

// TestAFileOfTheSameSizeAndTimeIsNotTakenForUnchanged: whoever writes it may set
// the time of the writing, but not that of the change.
func TestAFileOfTheSameSizeAndTimeIsNotTakenForUnchanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	at := time.Now().Add(-time.Hour)
	write := func(role Role, replace bool) {
		t.Helper()
		if replace {
			writeFile(t, file+".new", tokenLine("a", role, secretOf(Flip)))
			if err := errors.Join(os.Chtimes(file+".new", at, at), os.Rename(file+".new", file)); err != nil {
				t.Fatal(err)
			}
			return
		}
		writeFile(t, file, tokenLine("a", role, secretOf(Flip)))
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(Flip, false)
	tokens, err := OpenTokens(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 { // within one step of the file system's clock, too
		role := []Role{Read, Flip}[i%2]
		write(role, i%3 == 0)
		if found, err := tokens.find(secretOf(Flip)); err != nil || found == nil || found.role != role {
			t.Fatalf("%d: %+v, %v, not %s", i, found, err, role)
		}
	}
}

// TestAnOldFileIsNotReadAgain, so that a request costs a stat.
func TestAnOldFileIsNotReadAgain(t *testing.T) {
	tokens := tokensOf(t)
	settled := *tokens.now.Load()
	settled.young = false // as two seconds later
	tokens.now.Store(&settled)
	if _, err := tokens.current(); err != nil || tokens.now.Load() != &settled {
		t.Errorf("it was read again: %v", err)
	}
}

func TestReloadReadsWhatLooksTheSame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	at := time.Now()
	write := func(role Role) {
		writeFile(t, file, tokenLine("a", role, secretOf(Flip)))
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(Flip)
	tokens, err := OpenTokens(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(Read)
	stat, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	old := *tokens.now.Load()
	old.stat, old.young = stat, false // as if the stat told nothing
	tokens.now.Store(&old)
	if found, _ := tokens.find(secretOf(Flip)); found == nil || found.role != Flip {
		t.Fatalf("%+v: the stat told it, so nothing is proven", found)
	}
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if found, _ := tokens.find(secretOf(Flip)); found == nil || found.role != Read {
		t.Errorf("%+v", found)
	}
}

func TestTokensAreForManyAtOnce(t *testing.T) {
	tokens := tokensOf(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if err := tokens.Reload(); err != nil {
					t.Error(err)
				}
				if found, err := tokens.find(secretOf(Flip)); found == nil || err != nil {
					t.Errorf("%+v, %v", found, err)
				}
			}
		})
	}
	all.Wait()
}
