package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"capibara/uploader/capi"
	"capibara/uploader/sandbox"

	"github.com/rogpeppe/go-internal/testscript"
)

// unknownLead is a lead_id of no lead: what is sent with it is refused.
const unknownLead = "123456789012345"

// startMeta stands in for Meta's own host: a proxy on this machine whose tunnels all end in a sandbox that shows a
// certificate of that host, which the script's commands trust. What they send would have gone to Meta.
func startMeta(ts *testscript.TestScript, _ bool, args []string) {
	s, err := sandbox.New(sandbox.Config{Seed: 1, Token: args[0], UnknownLeads: []string{unknownLead}})
	ts.Check(err)
	of := ts.Value(stand{}).(*stand)
	of.sandbox = s
	of.connections.Store(0)
	certificate, authority, err := certify(capi.DefaultBaseURL)
	ts.Check(err)
	web := httptest.NewUnstartedServer(s)
	web.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	web.StartTLS()
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			of.connections.Add(1)
			go tunnel(conn, web.Listener.Addr().String())
		}
	}()
	ts.Defer(func() {
		ts.Check(proxy.Close())
		web.CloseClientConnections()
		web.Close()
		ts.Check(s.Close())
	})
	ts.Check(os.WriteFile(ts.MkAbs("authority.pem"), authority, 0o600))
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs("authority.pem"))
	ts.Setenv("HTTPS_PROXY", "http://"+proxy.Addr().String())
}

// tunnel answers one CONNECT and passes everything on to the address.
func tunnel(from net.Conn, address string) {
	defer from.Close()
	r := bufio.NewReader(from)
	if req, err := http.ReadRequest(r); err != nil || req.Method != http.MethodConnect {
		return
	}
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	if _, err := io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() { _, _ = io.Copy(to, r); _ = to.Close() }()
	_, _ = io.Copy(from, to)
}

// certify makes a certificate for the host of a URL, and the text by which it is trusted.
func certify(base string) (tls.Certificate, []byte, error) {
	u, err := url.Parse(base)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{u.Hostname()}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	text, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text}), nil
}

// TestCertify guards the scripts' stand-in: a certificate for another host would make them pass for a wrong reason.
func TestCertify(t *testing.T) {
	t.Parallel()
	c, authority, err := certify(capi.DefaultBaseURL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil || !roots.AppendCertsFromPEM(authority) {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "graph.facebook.com"}); err != nil {
		t.Error(err)
	}
}
