package capi

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The defaults of a Config.
const (
	DefaultBaseURL = "https://graph.facebook.com"
	DefaultTimeout = 60 * time.Second
)

// graphHost is the only host that may receive a token over the internet.
const graphHost = "graph.facebook.com"

var versionForm = regexp.MustCompile(`^v[1-9][0-9]{0,2}\.[0-9]{1,2}$`)

// Config is what a Client needs. Its zero value speaks to Meta.
type Config struct {
	BaseURL      string            // DefaultBaseURL when empty; scheme and host alone
	Version      string            // DefaultVersion when empty
	Timeout      time.Duration     // of a whole attempt, from the look-up to the last byte of the answer; DefaultTimeout when 0
	Transport    http.RoundTripper // nil: our own, see New
	PartnerAgent string            // at most MaxPartnerAgent characters; also names us in User-Agent
	Now          func() time.Time  // time.Now when nil
	// AppSecret returns the app secret of a dataset's token, "" when there is none. It is asked for every request, so that
	// a new one needs no restart; with one, every request carries its proof, probes too. Nil: there are none.
	AppSecret func(dataset string) (Secret, error)
}

// Client sends requests to one Graph endpoint. It is safe for use by several goroutines.
type Client struct {
	base         string // https://graph.facebook.com/v26.0
	timeout      time.Duration
	transport    http.RoundTripper
	partnerAgent string
	now          func() time.Time
	appSecret    func(dataset string) (Secret, error)
}

// New returns a client. It refuses an address that would give the token to anybody but Meta or this machine: any host
// but graph.facebook.com, and plain http, are for loopback addresses alone.
//
// Without a Transport the client makes its own: HTTP/1.1 with kept-alive connections; no HTTP/2, where a connection's
// failure says less about each request on it; no redirects, cookies or compression. The environment's HTTPS_PROXY and
// NO_PROXY hold, as an office network may need them; a proxy sees the host's name and no more, since the token travels
// inside TLS, and loopback addresses are never proxied. Its failures come before a connection exists and are NotSent.
func New(config Config) (*Client, error) {
	base, err := endpoint(config.BaseURL)
	if err != nil {
		return nil, err
	}
	version := config.Version
	if version == "" {
		version = DefaultVersion
	}
	if !versionForm.MatchString(version) {
		return nil, fmt.Errorf("%q is not a Graph API version; write it like %s", version, DefaultVersion)
	}
	if len(config.PartnerAgent) > MaxPartnerAgent || !printable(config.PartnerAgent) {
		return nil, fmt.Errorf("the partner agent %q must have at most %d plain characters", config.PartnerAgent, MaxPartnerAgent)
	}
	if config.Timeout < 0 {
		return nil, fmt.Errorf("the timeout of a request is %s; it must be positive", config.Timeout)
	}
	c := &Client{
		base:         base + "/" + version,
		timeout:      config.Timeout,
		transport:    config.Transport,
		partnerAgent: config.PartnerAgent,
		now:          config.Now,
		appSecret:    config.AppSecret,
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// CloseIdleConnections closes the connections that are kept for the next request.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func newTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 20 * time.Second,
		Protocols:           &protocols,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 8,
		// Shorter than servers keep theirs: a request on a connection that the server is just closing has an unknown fate.
		IdleConnTimeout:        20 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

func endpoint(base string) (string, error) {
	if base == "" {
		base = DefaultBaseURL
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fmt.Errorf("the Graph address must be a URL such as %s", DefaultBaseURL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("the Graph address must be scheme and host alone, such as %s; the version is set apart", DefaultBaseURL)
	}
	host := strings.ToLower(u.Hostname())
	if loopback(host) {
		return u.Scheme + "://" + u.Host, nil
	}
	if host != graphHost {
		return "", fmt.Errorf("the access token is sent to %s or to this machine alone, and %s is neither; use %s, or a loopback address for a rehearsal",
			graphHost, host, DefaultBaseURL)
	}
	if u.Scheme != "https" {
		return "", fmt.Errorf("plain http would send the access token in the clear; use %s", DefaultBaseURL)
	}
	if port := u.Port(); port != "" && port != "443" {
		return "", fmt.Errorf("%s listens on port 443 alone; use %s", graphHost, DefaultBaseURL)
	}
	return u.Scheme + "://" + u.Host, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
