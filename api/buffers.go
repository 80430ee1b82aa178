package api

import "net"

// kernelBuffer is the most that the kernel is asked to hold of what goes each
// way on a connection; it takes twice as much. Else it lets a client that reads
// nothing leave megabytes with it, on loopback at once, and they count as ours.
const kernelBuffer = 64 << 10

// narrow limits what the kernel holds for the connection.
func narrow(conn net.Conn) {
	if c, ok := conn.(interface {
		SetReadBuffer(bytes int) error
		SetWriteBuffer(bytes int) error
	}); ok {
		_ = c.SetReadBuffer(kernelBuffer) // a connection that is gone is found to be by its first read
		_ = c.SetWriteBuffer(kernelBuffer)
	}
}
