package main

import (
	"net"
	"sync"
)

// maxPageConnections bounds the connections to the page: fifty readers with the six that a browser opens find room, and whoever opens
// thousands leaves imports and uploads the files that they open.
const maxPageConnections = 512

// boundedListener lets only so many connections be open at a time. More wait until one of them ends.
type boundedListener struct {
	net.Listener
	room  chan struct{}
	ended chan struct{}
	end   func()
}

func newBoundedListener(l net.Listener, connections int) *boundedListener {
	b := &boundedListener{Listener: l, room: make(chan struct{}, connections), ended: make(chan struct{})}
	b.end = sync.OnceFunc(func() { close(b.ended) })
	return b
}

// Accept waits for room, and then for a connection.
func (b *boundedListener) Accept() (net.Conn, error) {
	select {
	case b.room <- struct{}{}:
	case <-b.ended:
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.room
		return nil, err
	}
	return &boundedConn{Conn: conn, leave: sync.OnceFunc(func() { <-b.room })}, nil
}

// Close ends the waiting, too.
func (b *boundedListener) Close() error {
	b.end()
	return b.Listener.Close()
}

// boundedConn makes room when it is closed.
type boundedConn struct {
	net.Conn
	leave func()
}

// Close makes room for another one.
func (c *boundedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
