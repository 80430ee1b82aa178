package docker

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"reconciler/engine"
)

// logChunk is the most that is delivered at once.
const logChunk = 32 << 10

// Logs implements engine.Engine. The container is inspected first, for in API
// 1.41 nothing else tells whether its log is multiplexed.
func (e *Engine) Logs(ctx context.Context, id string, opt engine.LogOptions, deliver func([]byte) error) error {
	c := call{"logs", id, e.logs, logDeadline}
	if opt.Follow {
		c.turn = e.follow
	}
	stream, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(c.deadline, cancel)
	defer late.Stop()
	if err := c.wait(ctx, stream, opt.Follow); err != nil {
		return err
	}
	defer func() { <-c.turn }()
	late.Reset(c.deadline)
	began := time.Now()
	log, err := e.openLog(stream, id, opt)
	late.Stop()
	err = c.result(ctx, stream, err)
	e.opt.Observe(c.name, outcome(err), time.Since(began))
	if err != nil {
		return err
	}
	defer log.Close()
	buf := make([]byte, logChunk)
	for {
		if !opt.Follow {
			late.Reset(c.deadline)
		}
		n, err := log.Read(buf)
		late.Stop()
		if n > 0 {
			if err := deliver(buf[:n]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return c.result(ctx, stream, err)
		}
	}
}

// wait takes a place, for which it waits until late is over; not at all where
// those who have them follow, for they have no end.
func (c call) wait(ctx, late context.Context, follow bool) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	default:
	}
	if follow {
		return fmt.Errorf("%s: %w: %d logs are followed", c, engine.ErrBusy, cap(c.turn))
	}
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-late.Done(): // which ends with ctx
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", c, ctx.Err())
		}
		return fmt.Errorf("%s: %w: %d logs are being read, and none ended within %s", c, engine.ErrBusy, cap(c.turn), c.deadline)
	}
}

// openLog returns the container's log once the engine has begun to answer.
func (e *Engine) openLog(ctx context.Context, id string, opt engine.LogOptions) (io.ReadCloser, error) {
	cli := e.client.Load()
	found, err := cli.ContainerInspect(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := translate(found)
	if err != nil {
		return nil, err
	}
	if c.ID != id && c.Name != id { // found by a prefix
		return nil, cerrdefs.ErrNotFound
	}
	log, err := cli.ContainerLogs(ctx, c.ID, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: opt.Follow, Tail: strconv.Itoa(max(opt.Tail, 0)),
	})
	switch {
	case cerrdefs.IsNotImplemented(err): // 501
		driver := "unknown"
		if found.HostConfig != nil {
			driver = found.HostConfig.LogConfig.Type
		}
		return nil, fmt.Errorf("%w: log driver %q: %w", engine.ErrInvalid, driver, err)
	case err != nil:
		return nil, err
	case found.Config.Tty:
		return log, nil
	}
	return &demux{frames: bufio.NewReaderSize(log, logChunk), Closer: log}, nil
}

// demux reads what a container without a terminal wrote: frames of a header and
// a piece of one of the two outputs (moby: pkg/stdcopy). A frame's length is the
// engine's word, so that no memory is set aside for it.
type demux struct {
	frames *bufio.Reader
	left   int64 // of the frame that is being read
	io.Closer
}

// Read returns io.EOF between two frames, io.ErrUnexpectedEOF within one, and
// the engine's own words where it gave up.
func (d *demux) Read(p []byte) (int, error) {
	for d.left == 0 {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n, err := d.frames.Read(p[:min(int64(len(p)), d.left)])
	d.left -= int64(n)
	if err == io.EOF && d.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// What a frame's first byte says that it holds.
const (
	frameStdout = 1
	frameStderr = 2
	frameError  = 3 // of the engine, not of the container
)

func (d *demux) next() error {
	var header [8]byte
	if _, err := io.ReadFull(d.frames, header[:]); err != nil {
		return err
	}
	size := int64(binary.BigEndian.Uint32(header[4:]))
	switch {
	case header[1]|header[2]|header[3] != 0:
	case header[0] == frameStdout, header[0] == frameStderr:
		d.left = size
		return nil
	case header[0] == frameError:
		text := make([]byte, min(size, 1<<10))
		if _, err := io.ReadFull(d.frames, text); err != nil {
			return io.ErrUnexpectedEOF
		}
		return fmt.Errorf("%w: %s", cerrdefs.ErrInternal, text)
	}
	return errors.New("the engine's answer is no log")
}
