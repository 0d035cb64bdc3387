package capi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

const testSecret Secret = "0123456789abcdef0123456789abcdef"

// TestProof: the vector was computed with openssl dgst -sha256 -hmac.
func TestProof(t *testing.T) {
	t.Parallel()
	const want = "31de0d60ea576f0495147eac334b7816cb1711082b9cb291bfd646e579f785be"
	if got := testSecret.prove("EAAtestTOKEN0123456789"); got != want {
		t.Errorf("the proof is %s, want %s", got, want)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", testSecret)
	encoded, err := json.Marshal(map[string]any{"s": testSecret, "in": struct{ S Secret }{testSecret}})
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(encoded) + fmt.Sprintf("%v %s %q %x %#v %d %v", testSecret, testSecret, testSecret, testSecret, testSecret, testSecret, struct{ S Secret }{testSecret}) +
		fmt.Sprint(Secret(""))
	if strings.Contains(all, string(testSecret)) || strings.Contains(all, fmt.Sprintf("%x", string(testSecret))) || !strings.Contains(all, "no app secret") {
		t.Errorf("printed: %s", all)
	}
}

// recorder keeps the bodies of requests and answers well.
type recorder struct{ bodies [][]byte }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if req.ContentLength != int64(len(body)) || req.URL.RawQuery != "" {
		return nil, fmt.Errorf("length %d of %d, query %q", req.ContentLength, len(body), req.URL.RawQuery)
	}
	r.bodies = append(r.bodies, body)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"events_received":1}`))}, nil
}

func TestEveryRequestCarriesTheProof(t *testing.T) {
	t.Parallel()
	wire := &recorder{}
	secrets := map[string]Secret{"1234567890": testSecret}
	var fails error
	c, err := New(Config{BaseURL: "http://127.0.0.1:1", Transport: wire, PartnerAgent: "capibara",
		AppSecret: func(dataset string) (Secret, error) { return secrets[dataset], fails }})
	if err != nil {
		t.Fatal(err)
	}
	body := c.Body(nil, [][]byte{[]byte(`{"event_name":"Purchase"}`)})
	before := bytes.Clone(body)
	if o := c.Send(t.Context(), "1234567890", testToken, body, 1); o.End != Acknowledged {
		t.Fatal(o.Err)
	}
	if p := c.Probe(t.Context(), "1234567890", testToken); !p.OK {
		t.Fatal(p.Outcome.Err)
	}
	if o := c.Send(t.Context(), "2222222222", testToken, body, 1); o.End != Acknowledged {
		t.Fatal(o.Err)
	}
	if !bytes.Equal(body, before) {
		t.Error("the caller's body was changed")
	}
	proof := `,"appsecret_proof":"` + testSecret.prove(testToken) + `"}`
	for i, want := range []string{strings.TrimSuffix(string(body), "}") + proof, `{"data":[{}]` + proof, string(body)} {
		if got := string(wire.bodies[i]); got != want || !json.Valid(wire.bodies[i]) {
			t.Errorf("request %d is %s, want %s", i, got, want)
		}
	}
	fails = errors.New("the file app-secret.txt is empty")
	o := c.Send(t.Context(), "1234567890", testToken, body, 1)
	if o.End != Stopped || o.Err.Class != ClassCredentials || !strings.Contains(o.Err.Error(), "app-secret.txt is empty") || len(wire.bodies) != 3 {
		t.Errorf("a secret that cannot be read: %v, %v, %d requests", o.End, o.Err, len(wire.bodies))
	}
}

func TestWithProof(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{`{}`: `{"appsecret_proof":"p"}`, `{"data":[]}`: `{"data":[],"appsecret_proof":"p"}`} {
		if got := string(withProof([]byte(body), "p")); got != want {
			t.Errorf("%s becomes %s", body, got)
		}
	}
}
