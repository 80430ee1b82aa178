package main

import (
	"io"
	"net"
	"os"
	"strings"
	"sync"
)

// forward is a proxy before a socket: what connects to the address is connected
// to the other one. One with a slash is that of a unix socket.
func forward(from, to string) error {
	if network(from) == "unix" {
		_ = os.Remove(from) // mostly it isn't there
	}
	l, err := net.Listen(network(from), from)
	if err != nil {
		return err
	}
	os.Stdout.WriteString("ready\n")
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go pass(conn, to)
	}
}

func network(address string) string {
	if strings.Contains(address, "/") {
		return "unix"
	}
	return "tcp"
}

// pass ends once both have said all.
func pass(conn net.Conn, to string) {
	defer conn.Close()
	other, err := net.Dial(network(to), to)
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return
	}
	defer other.Close()
	var both sync.WaitGroup
	both.Go(func() { copied(other, conn) })
	both.Go(func() { copied(conn, other) })
	both.Wait()
}

// copied passes on what is said until its end, and that end.
func copied(to, from net.Conn) {
	_, _ = io.Copy(to, from) // one that broke has ended
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
