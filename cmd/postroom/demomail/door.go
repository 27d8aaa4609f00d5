package demomail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// A door is a listener that knows who came in, so that it can be shut behind
// the last one: the servers themselves overlook a connection that has only
// just been accepted, and do not wait for any.
type door struct {
	net.Listener

	inside sync.WaitGroup
	mu     sync.Mutex
	isShut bool
	lines  map[*line]bool
}

// A line is a connection through a door.
type line struct {
	net.Conn

	door *door
	once sync.Once
}

// listen opens a door on loopback only: the password is no secret, and the
// SMTP server vouches for everybody.
func listen(ctx context.Context, address string) (*door, error) {
	if err := OnLoopback(address); err != nil {
		return nil, fmt.Errorf("demo mail: listen: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("demo mail: listen: %w", err)
	}
	return &door{Listener: l, lines: map[*line]bool{}}, nil
}

// OnLoopback finds out whether an address is this machine's alone.
func OnLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not a loopback address, such as 127.0.0.1:8080: the demo is for this machine alone", address)
	}
	return nil
}

// Accept lets somebody in.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isShut {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	l := &line{Conn: conn, door: d}
	d.lines[l] = true
	d.inside.Add(1)
	return l, nil
}

// shut lets nobody in any more, cuts every line, and waits until the servers
// have let go of them.
func (d *door) shut() {
	d.mu.Lock()
	d.isShut = true
	_ = d.Close()
	for l := range d.lines {
		_ = l.Conn.Close()
	}
	d.mu.Unlock()
	d.inside.Wait()
}

// Close is what a server does when it is done with a line.
func (l *line) Close() error {
	err := l.Conn.Close()
	l.once.Do(func() {
		l.door.mu.Lock()
		delete(l.door.lines, l)
		l.door.mu.Unlock()
		l.door.inside.Done()
	})
	return err
}
