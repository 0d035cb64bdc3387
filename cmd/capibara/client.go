package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"capibara/audit"
	"capibara/uploader"
)

// client is a house that another process has open, asked over its socket.
type client struct {
	http *http.Client
}

// newClient speaks over a connection that is open already, and over new ones as they are needed.
func newClient(c *config, open net.Conn) *client {
	ready := make(chan net.Conn, 1)
	ready <- open
	return &client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select {
			case conn := <-ready:
				return conn, nil
			default:
			}
			conn, err := dialSocket(ctx, c)
			if err == nil && conn == nil {
				err = failed("run the command again", "the running capibara has just ended")
			}
			return conn, err
		},
	}}}
}

// Close lets go of the connection.
func (c *client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Status tells how things stand.
func (c *client) Status(ctx context.Context) (audit.Status, error) {
	return get[audit.Status](ctx, c, "/v1/status", nil)
}

// Events returns a page of events.
func (c *client) Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error) {
	if q.Personal() {
		return c.Search(ctx, q, func(progress) {})
	}
	return get[audit.List[audit.Event]](ctx, c, "/v1/events", q.Values())
}

// Search is Events that tells how far it is. The question travels in a body: it may hold an e-mail address, and an address of
// a request ends up in logs.
func (c *client) Search(ctx context.Context, q audit.Query, tell func(progress)) (audit.List[audit.Event], error) {
	return asking[audit.List[audit.Event]](ctx, c, "/v1/search", q, tell)
}

// Batches returns a page of batches.
func (c *client) Batches(ctx context.Context, q audit.Query) (audit.List[audit.Batch], error) {
	return get[audit.List[audit.Batch]](ctx, c, "/v1/batches", q.Values())
}

// Files returns a page of imports.
func (c *client) Files(ctx context.Context, q audit.Query) (audit.List[audit.File], error) {
	return get[audit.List[audit.File]](ctx, c, "/v1/files", q.Values())
}

// ShowEvent tells the story of the events with an event_id.
func (c *client) ShowEvent(ctx context.Context, id string) ([]audit.EventStory, error) {
	return get[[]audit.EventStory](ctx, c, "/v1/events/"+url.PathEscape(id), nil)
}

// ShowBatch tells the story of a batch.
func (c *client) ShowBatch(ctx context.Context, n uint64) (audit.BatchStory, error) {
	return get[audit.BatchStory](ctx, c, "/v1/batches/"+strconv.FormatUint(n, 10), nil)
}

// ShowFile tells the story of an import.
func (c *client) ShowFile(ctx context.Context, n uint64) (audit.FileStory, error) {
	return get[audit.FileStory](ctx, c, "/v1/files/"+strconv.FormatUint(n, 10), nil)
}

// CheckDatabase has the running process read everything.
func (c *client) CheckDatabase(ctx context.Context) ([]string, error) {
	return get[[]string](ctx, c, "/v1/check", nil)
}

// DryRun tells what an upload would send.
func (c *client) DryRun(ctx context.Context) (uploader.DryRun, error) {
	return get[uploader.DryRun](ctx, c, "/v1/upload", nil)
}

// Import has the running process import a file. It reads the file as itself.
func (c *client) Import(ctx context.Context, o order, tell func(progress)) (r fileReport, err error) {
	v := url.Values{"path": {o.Path}, "name": {o.Name}, "source": {o.Source}}
	err = c.long(ctx, "/v1/import", v, o.Content, tell, &r)
	return r, err
}

// Upload has the running process make a pass.
func (c *client) Upload(ctx context.Context, tell func(progress)) (s uploader.Summary, err error) {
	err = c.long(ctx, "/v1/upload", nil, nil, tell, &s)
	return s, err
}

// Test has the running process send made-up events.
func (c *client) Test(ctx context.Context, o uploader.TestOrder) (r uploader.TestReport, err error) {
	return asking[uploader.TestReport](ctx, c, "/v1/test", o, func(progress) {})
}

// Try has the running process send the first few events of a dataset.
func (c *client) Try(ctx context.Context, dataset, by string, tell func(progress)) (t uploader.Trial, err error) {
	err = c.long(ctx, "/v1/trial", url.Values{"dataset": {dataset}, "by": {by}}, nil, tell, &t)
	return t, err
}

// GoLive allows sending to a dataset.
func (c *client) GoLive(ctx context.Context, dataset, by string) error {
	resp, err := c.do(ctx, http.MethodPost, "/v1/go-live", url.Values{"dataset": {dataset}, "by": {by}}, nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Look tells what a decision would be about.
func (c *client) Look(ctx context.Context, v verdict) (verdictReport, error) {
	return post[verdictReport](ctx, c, "/v1/look", v)
}

// Decide has the running process carry a decision out.
func (c *client) Decide(ctx context.Context, v verdict) (verdictReport, error) {
	return post[verdictReport](ctx, c, "/v1/decide", v)
}

// Resolve has the running process take a person's word about a batch.
func (c *client) Resolve(ctx context.Context, w resolution) (audit.Batch, error) {
	return post[audit.Batch](ctx, c, "/v1/resolve", w)
}

func (c *client) do(ctx context.Context, method, path string, v url.Values, body io.Reader) (*http.Response, error) {
	// The host is never looked up: every connection goes to the socket.
	target := "http://capibara" + path
	if len(v) > 0 {
		target += "?" + v.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("asking the running capibara: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// The URL would repeat what was searched for, which may be an e-mail address.
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("asking the running capibara: %w", context.Cause(ctx))
		}
		// It was there a moment ago, when the connection was made.
		return nil, failed("run the same command again; what it had begun goes on from there",
			"the running capibara ended before it answered: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var f wireFailure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Error == "" {
		return nil, failed("restart `capibara run` so that both are the same version",
			"the running capibara does not know this command (%s)", resp.Status)
	}
	return nil, f.failure()
}

func get[T any](ctx context.Context, c *client, path string, v url.Values) (T, error) {
	return decoded[T](c.do(ctx, http.MethodGet, path, v, nil))
}

// post asks with a body of JSON.
func post[T any](ctx context.Context, c *client, path string, body any) (out T, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return out, err
	}
	return decoded[T](c.do(ctx, http.MethodPost, path, nil, bytes.NewReader(text)))
}

// asking asks with a body of JSON for something that takes long.
func asking[T any](ctx context.Context, c *client, path string, body any, tell func(progress)) (out T, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return out, fmt.Errorf("asking the running capibara: %w", err)
	}
	err = c.long(ctx, path, nil, bytes.NewReader(text), tell, &out)
	return out, err
}

// decoded reads the answer.
func decoded[T any](resp *http.Response, asked error) (out T, err error) {
	if asked != nil {
		return out, asked
	}
	defer closing(&err, resp.Body, "the answer of the running capibara")
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("reading the answer of the running capibara: %w", err)
	}
	return out, nil
}

// long asks for something that takes long and tells how far it is.
func (c *client) long(ctx context.Context, path string, v url.Values, body io.Reader, tell func(progress), out any) (err error) {
	resp, err := c.do(ctx, http.MethodPost, path, v, body)
	if err != nil {
		return err
	}
	defer closing(&err, resp.Body, "the answer of the running capibara")
	err = readMessages(resp.Body, tell, out)
	if ctx.Err() != nil {
		return failed("the running capibara goes on with it; `capibara status` says how things stand",
			"no longer waiting for the running capibara: %w", context.Cause(ctx))
	}
	return err
}
