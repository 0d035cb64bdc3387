package capi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

// Outcome is everything that is known about one attempt.
type Outcome struct {
	End            End
	HTTPStatus     int      // 0 without an answer
	EventsReceived int      // as Meta counted, 0 when it did not say
	Messages       []string // Meta's messages, at most 20, bounded and scrubbed
	FBTraceID      string
	Err            *Error // nil when acknowledged
	Started        time.Time
	Ended          time.Time
	ServerDate     time.Time // the Date header, to the second; zero without one
	VersionWarning string    // X-Ad-Api-Version-Warning: Meta is about to end this Graph version
	Usage          Usage     // how much of Meta's limits is used up
	Blame          []int     // indexes of data that the error points at, ascending; hints to verify, never proof
	// Member is Meta's name of the member that the error is about, such as custom_data.value: as the catalogue has it, else
	// as the path in the error; "" when neither tells. It is a hint, too.
	Member string
}

// Skew returns how far the server's clock is ahead of ours, by the Date header and the middle of the attempt, and false
// without that header. A Date is cut to the second, and the answer took its time: a second or two mean nothing.
func (o Outcome) Skew() (time.Duration, bool) {
	if o.ServerDate.IsZero() {
		return 0, false
	}
	return o.ServerDate.Sub(o.Started.Add(o.Ended.Sub(o.Started) / 2)), true
}

// Probe is what a probe found.
type Probe struct {
	OK      bool // token and dataset work
	Outcome Outcome
}

// Probe asks whether token and dataset work, without an effect: an event without members is refused with 2804019 once
// token and dataset were accepted. Any other of the events edge's own subcodes shows the same; and so does an endpoint
// that counts the empty event, which Meta does not.
func (c *Client) Probe(ctx context.Context, dataset string, token Token) Probe {
	o := c.Send(ctx, dataset, token, []byte(`{"data":[{}]}`), 1)
	ok := o.End == Acknowledged || (o.End == InvalidEvent && o.Err.Code == 100 &&
		o.Err.Subcode >= firstEventSubcode && o.Err.Subcode <= lastEventSubcode)
	return Probe{OK: ok, Outcome: o}
}

// Body appends a request body to dst as AppendBody does, with the client's partner agent.
func (c *Client) Body(dst []byte, events [][]byte) []byte {
	return AppendBody(dst, events, c.partnerAgent)
}

// TestBody appends the body of a test to dst as AppendTestBody does, with the client's partner agent.
func (c *Client) TestBody(dst []byte, events [][]byte, code string) []byte {
	return AppendTestBody(dst, events, c.partnerAgent, code)
}

// Send makes one attempt to send body, which holds n events, to a dataset. It returns when the attempt has ended, at
// the latest after the client's timeout or when ctx is done. The body may be reused afterwards. The dataset is Meta's
// numeric id.
func (c *Client) Send(ctx context.Context, dataset string, token Token, body []byte, n int) Outcome {
	o := Outcome{Started: c.now()}
	if end, refused := check(dataset, token, n); refused != nil {
		o.End, o.Err, o.Ended = end, refused, c.now()
		return o
	}
	body, err := c.proven(dataset, token, body)
	if err != nil {
		o.End, o.Ended = Stopped, c.now()
		o.Err = &Error{Class: ClassCredentials, Phase: PhaseCheck, Message: scrub(err.Error(), token, maxText)}
		return o
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout,
		fmt.Errorf("no whole answer within %s: %w", c.timeout, context.DeadlineExceeded))
	defer cancel()

	said := &quoted{token: token, sent: body}
	sending := newDispatch(body)
	response, err := c.roundTrip(ctx, sending, dataset, token)
	if err != nil {
		if response != nil && response.Body != nil {
			_ = response.Body.Close()
		}
		arrived := sending.mayHaveArrived()
		o.Ended = c.now()
		o.End = NotSent
		phase := sending.reached()
		if arrived {
			o.End, phase = Unknown, PhaseWait
		}
		o.Err = &Error{Class: ClassTransient, Phase: phase, Err: newCause(err, said)}
		return o
	}
	r := read(response)
	r.whole = sending.mayHaveArrived()
	o.Ended = c.now()
	c.settle(&o, r, said, n)
	return o
}

// proven adds the proof of the app secret to a body, where there is a secret.
func (c *Client) proven(dataset string, token Token, body []byte) ([]byte, error) {
	proof, err := c.Proof(dataset, token)
	if err != nil || proof == "" {
		return body, err
	}
	return withProof(body, proof), nil
}

// Proof is the appsecret_proof that goes with a token to a dataset; "" when there is no app secret. The error is that of
// Config.AppSecret.
func (c *Client) Proof(dataset string, token Token) (string, error) {
	if c.appSecret == nil {
		return "", nil
	}
	secret, err := c.appSecret(dataset)
	if err != nil || secret == "" {
		return "", err
	}
	return secret.prove(token), nil
}

// check refuses what must not leave. Its refusals are as definite as Meta's.
func check(dataset string, token Token, n int) (End, *Error) {
	refuse := func(end End, class Class, why string) (End, *Error) {
		return end, &Error{Class: class, Phase: PhaseCheck, Message: why}
	}
	if err := token.check(); err != nil {
		return refuse(Stopped, ClassCredentials, err.Error())
	}
	if !numeric(dataset) {
		return refuse(Stopped, ClassConfiguration, "the dataset id must be a number, as Events Manager shows it")
	}
	if n > MaxEvents {
		return refuse(TooLarge, ClassInvalidRequest, fmt.Sprintf("%d events in one request; Meta takes %d", n, MaxEvents))
	}
	if n < 1 {
		return refuse(Stopped, ClassConfiguration, "a request without events is not sent")
	}
	return Unknown, nil
}

func numeric(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return true
}

// roundTrip goes past http.Client on purpose: that would follow redirects, and put the URL into its errors.
func (c *Client) roundTrip(ctx context.Context, sending *dispatch, dataset string, token Token) (*http.Response, error) {
	content, err := sending.open()
	if err != nil {
		return nil, err
	}
	ctx = httptrace.WithClientTrace(ctx, sending.trace())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/"+dataset+"/events", content)
	if err != nil {
		return nil, err
	}
	request.ContentLength = int64(len(sending.body))
	request.GetBody = sending.open
	agent := c.partnerAgent
	if agent == "" {
		agent = "capibara"
	}
	request.Header.Set("Authorization", "Bearer "+token.Reveal())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", agent)
	response, err := c.transport.RoundTrip(request)
	if err == nil && (response == nil || response.Body == nil) {
		err = errors.New("the transport returned no answer")
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return response, err
}

func read(response *http.Response) reply {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	return reply{status: response.StatusCode, header: response.Header, body: body, bodyErr: err}
}

// settle turns a reply into the outcome.
func (c *Client) settle(o *Outcome, r reply, said *quoted, n int) {
	var a answer
	readable := false
	if r.bodyErr == nil && len(r.body) <= maxAnswer {
		a, readable = parseAnswer(r.body)
	}
	v := judge(r, a, readable, n)
	o.End, o.HTTPStatus, o.EventsReceived = v.end, r.status, a.received
	for _, m := range a.messages {
		o.Messages = append(o.Messages, said.clean(m))
	}
	o.FBTraceID = traceID(a.fbtraceID, r.header, said)
	if date, err := http.ParseTime(r.header.Get("Date")); err == nil {
		o.ServerDate = date
	}
	o.Usage = usageOf(r.header)
	o.VersionWarning = said.clean(r.header.Get("X-Ad-Api-Version-Warning"))
	if v.end == Acknowledged {
		return
	}
	e := &Error{Class: v.class, HTTPStatus: r.status, Message: v.why, FBTraceID: o.FBTraceID, Phase: PhaseAnswer}
	if r.bodyErr != nil {
		e.Phase, e.Err = PhaseRead, newCause(r.bodyErr, said)
	}
	if g := a.err; g != nil {
		e.Code, e.Subcode, e.Transient = g.code, g.subcode, g.transient
		e.Type = said.clean(g.kind)
		e.Title = said.clean(g.title)
		e.Message = said.clean(joined(g.message, g.userText))
		o.Blame = blameHints(g, n)
		if entry, ok := lookUp(g.code, g.subcode, g.kind); ok {
			o.Member = entry.Member
		}
		if o.Member == "" {
			o.Member = blamedMember(g)
		}
	}
	e.RetryAfter = retryAfter(r.header, o.Ended, v.end == Throttled)
	o.Err = e
}

func traceID(fromBody string, header http.Header, said *quoted) string {
	if fromBody == "" {
		fromBody = header.Get("X-Fb-Trace-Id")
	}
	return plainID(said.clean(fromBody))
}

func joined(message, userText string) string {
	switch {
	case userText == "" || userText == message:
		return message
	case message == "":
		return userText
	}
	return message + ": " + userText
}
