package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"capibara/audit/web"

	"github.com/rs/zerolog"
)

const (
	// webAgain is how long after a failure it is tried again to listen.
	webAgain = 15 * time.Second
	// webGrace is how long requests may go on when the process ends.
	webGrace = 5 * time.Second
)

// webRoom serves the page. That it cannot be served stops nothing else.
type webRoom struct {
	config *config
	tokens *pageTokenFile
	ledger *pageLedger
	log    zerolog.Logger
	again  time.Duration // webAgain, unless a test is in a hurry
	grace  time.Duration // webGrace, likewise

	url atomic.Pointer[string] // where it is served now
}

// address is where the page is served; "" when it is not.
func (w *webRoom) address() string {
	if u := w.url.Load(); u != nil {
		return *u
	}
	return ""
}

// listen opens the address of the page, and nothing that other machines could reach unless the configuration says so.
func (w *webRoom) listen(ctx context.Context) (net.Listener, error) {
	c := w.config.Web
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, failed("two homes on one machine need two ports: give this one another, such as `web: "+c.another()+"`, or `web: off`",
			"the page is not served, because another program listens on %s", c.Address)
	}
	if err != nil {
		return nil, failed("write another address into the configuration, such as `web: "+c.another()+"`, or `web: off`", "the page is not served: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); c.URL == "" && (!ok || !at.IP.IsLoopback()) {
		return nil, errors.Join(failed("write 127.0.0.1 instead of localhost", "the page is not served: %s is not this machine alone", c.Address), l.Close())
	}
	if c.URL != "" {
		if tokens, err := w.tokens.current(); err != nil || len(tokens) == 0 {
			if err == nil {
				err = failed("make one with `capibara token page add NAME --role reader`; the page is served as soon as there is one",
					"the page is not served: it is for other machines, and there is no token yet")
			}
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// another is the address with the next port.
func (w webConfig) another() string {
	host, port, _ := net.SplitHostPort(w.Address)
	n, _ := strconv.ParseUint(port, 10, 16)
	if n == 0 || n == 65535 {
		n = 8321
	}
	return net.JoinHostPort(host, strconv.FormatUint(n+1, 10))
}

// open listens for the first time, so that the start of the process can tell where the page is; nil when there is none yet.
func (w *webRoom) open(ctx context.Context) net.Listener {
	if w.config.Web.Address == "" {
		return nil
	}
	l, err := w.listen(ctx)
	if err != nil {
		w.log.Warn().Str("hint", hintOf(err)).Msg(err.Error())
		return nil
	}
	w.opened(l)
	return l
}

func (w *webRoom) opened(l net.Listener) {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	address := w.config.Web
	if host, _, err := net.SplitHostPort(address.Address); err == nil {
		address.Address = net.JoinHostPort(host, port)
	}
	url := address.address(port)
	w.url.Store(&url)
}

// keep serves the page until ctx is done, on l when it is open already. As long as the address is taken it tries again.
func (w *webRoom) keep(ctx context.Context, l net.Listener) error {
	if w.config.Web.Address == "" {
		return nil
	}
	for {
		if l != nil {
			w.serve(ctx, l)
			w.url.Store(nil)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.again):
		}
		var err error
		if l, err = w.listen(ctx); err == nil {
			w.opened(l)
			w.log.Info().Str("page", w.address()).Msg("the page is served now")
		}
	}
}

// serve answers until ctx is done; then requests under way have a moment to end.
func (w *webRoom) serve(ctx context.Context, l net.Listener) {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l = newBoundedListener(l, maxPageConnections)
	site := web.New(web.Config{Ledger: w.ledger, Log: w.log, Zone: w.config.zone, Hosts: w.config.Web.hosts(port), Tokens: w.tokens.current,
		SignIn: w.config.Web.URL != "", Secure: w.config.Web.URL != "", Now: w.ledger.house.now})
	life, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler:           site.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// OPTIONS * is refused as everything else is that comes under another name.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return life },
		// What it tells of a broken connection helps nobody, and would hold what strangers send.
		ErrorLog: stdlog.New(quiet{}, "", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		w.log.Error().Err(err).Msg("the page is not served any more; it is tried again")
		return
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(life, w.grace)
	defer cancel()
	if server.Shutdown(grace) != nil {
		cut() // whoever reads a long list is cut off, and sees that
		_ = server.Close()
	}
	<-ended
}

// quiet takes in what is not logged.
type quiet struct{}

// Write drops it.
func (quiet) Write(p []byte) (int, error) { return len(p), nil }

// serving says on the first line of a process where the page is.
func (w *webRoom) serving(e *zerolog.Event) *zerolog.Event {
	if at := w.address(); at != "" {
		return e.Str("page", at)
	}
	return e
}

// tryPage says whether the page could be served, for somebody who asks before it is.
func (c *config) tryPage(ctx context.Context) (string, error) {
	room := &webRoom{config: c, tokens: &pageTokenFile{config: c}}
	l, err := room.listen(ctx)
	if err != nil {
		return "", err
	}
	room.opened(l)
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("trying the address of the page: %w", err)
	}
	return "can be served at " + room.address(), nil
}
