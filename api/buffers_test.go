package api

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// TestTheKernelHoldsLittleForWhoReadsNothing writes until nothing more goes:
// without a limit that is some three megabytes on loopback.
func TestTheKernelHoldsLittleForWhoReadsNothing(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		t.Run(network, func(t *testing.T) {
			t.Parallel() // it waits for its deadline
			l, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := net.Dial(network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			narrow(conn)
			if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Write(make([]byte, 8<<20))
			if err == nil || n == 0 || n > 1<<20 { // half of it is the client's to hold
				t.Errorf("%d bytes went to who reads nothing, %v", n, err)
			}
		})
	}
}
