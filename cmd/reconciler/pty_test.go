package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal returns a real terminal of that size to write to, and what calls
// seen with all that was written whenever more was, until it is closed.
func terminal(t *testing.T, width, height uint16) (tty *os.File, watch func(seen func(string))) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no terminal to tests: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	control := func(call uintptr, arg unsafe.Pointer) {
		t.Helper()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), call, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", call, errno)
		}
	}
	var number, unlock int32
	size := [4]uint16{height, width}
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no terminal to tests: %v", err)
	}
	return tty, func(seen func(string)) {
		var all bytes.Buffer
		part := make([]byte, 4096)
		for {
			n, err := master.Read(part)
			all.Write(part[:n])
			seen(strings.ReplaceAll(all.String(), "\r\n", "\n"))
			if err != nil { // EIO: the other side is closed
				return
			}
		}
	}
}

// onTerminal runs one command on a terminal, and returns what it wrote there.
func onTerminal(t *testing.T, width, height uint16, args ...string) (code int, text string) {
	t.Helper()
	tty, watch := terminal(t, width, height)
	done := make(chan int, 1)
	go func() {
		code := execute(t.Context(), args, tty, tty)
		tty.Close()
		done <- code
	}()
	watch(func(s string) { text = s })
	return <-done, text
}

func TestOnATerminalTheTableIsCutAndColoured(t *testing.T) {
	url := (&fake{script: map[string]said{"GET /v1/services": {200, `{"services":[
 {"name":"web","desired":"running","status":"running","ready":true,"converged":true,"message":"p-web-1 has run for a long time now"},
 {"name":"db","desired":"running","status":"starting","message":"m"},
 {"name":"job","desired":"completed","status":"missing","message":"m","conditions":[{"type":"Stalled","status":"True","reason":"ContainerMissing"}]}]}`}}}).onTCP(t)
	head := "SERVICE  DESIRED    STATUS    READY  WHY, AND WHAT HAPPENS NEXT\n"
	cut := "SERVICE  DESIRED    STATUS    READY  WHY, AND WHA…\n"
	rows := "web      running    %srunning%s   yes    p-web-1 has%s\ndb       running    %sstarting%s  no     m\njob      completed  %smissing%s   no     m\n"
	colour := fmt.Sprintf(rows, "\x1b[32m", "\x1b[0m", " …", "\x1b[33m", "\x1b[0m", "\x1b[31m", "\x1b[0m")
	plain := fmt.Sprintf(rows, "", "", " …", "", "", "", "")
	whole := fmt.Sprintf(rows, "", "", " run for a long time now", "", "", "", "")
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if code, text := onTerminal(t, 50, 25, "status", "--server", url); code != 0 || text != cut+colour {
		t.Errorf("exit %d\n%s\n%q\nwant\n%q", code, text, text, cut+colour)
	}
	if code, out, _ := call(t, "status", "--server", url); code != 0 || out != head+whole {
		t.Errorf("in a pipe: exit %d\n%q\nwant\n%q", code, out, head+whole)
	}
	if _, text := onTerminal(t, 50, 25, "status", "--server", url, "-o", "wide"); !strings.Contains(text, "for a long time now") {
		t.Errorf("wide: %q", text)
	}
	t.Setenv("NO_COLOR", "1")
	if _, text := onTerminal(t, 50, 25, "status", "--server", url); text != cut+plain {
		t.Errorf("NO_COLOR: %q\nwant\n%q", text, cut+plain)
	}
}

func TestWhoDoesntWaitIsToldWhatToDoNextOnATerminalOnly(t *testing.T) {
	url := (&fake{script: map[string]said{
		"POST /v1/services/b/stop":         {202, bStops},
		"POST /v1/services/b/stop?wait=1s": {202, bStops},
		"POST /v1/services/a/stop":         {200, aStopped},
		"PUT /v1/services/state":           {202, both},
	}}).onTCP(t)
	const next = "next: reconciler status --watch\n"
	for args, want := range map[string]bool{"stop b": true, "stop a b": true, "stop a": false, "stop b --wait=1s": false} {
		if _, text := onTerminal(t, 200, 25, append(strings.Fields(args), "--server", url)...); strings.HasSuffix(text, next) != want || strings.Contains(text, next) != want {
			t.Errorf("%s: %q", args, text)
		}
	}
	if _, out, errs := call(t, "stop", "b", "--server", url); strings.Contains(out+errs, "next:") {
		t.Errorf("in a pipe: %q, %q", out, errs)
	}
}
