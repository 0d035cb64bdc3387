package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxEvents       = 1000
	maxPartnerAgent = 22
)

var versionForm = regexp.MustCompile(`^v\d+\.\d+$`)

// call is a request as it arrived.
type call struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
	tooBig bool // the body is larger than the sandbox takes, and cut
}

// reading is what a call holds, as far as it could be read before it was refused.
type reading struct {
	dataset  string
	probe    bool
	events   []taken
	count    int // of data's members
	dataHash string
	testCode string // test_event_code, "" for none
}

// read checks a call as Meta does: the path, the token, the dataset, the request, then every event.
func (s *Sandbox) read(c call, now time.Time) (r reading, refused *refusal) {
	var document value
	var unreadable error
	if c.tooBig {
		unreadable = errJSON
	} else {
		document, unreadable = parse(c.body)
	}
	data := document.member("data")
	r.testCode = document.member("test_event_code").text
	r.probe = data.kind == list && len(data.items) == 1 && data.items[0].kind == object && len(data.items[0].members) == 0
	if data.kind == list {
		r.count = len(data.items)
		sum := sha256.Sum256(data.raw)
		r.dataHash = hex.EncodeToString(sum[:])
		r.events = collect(data.items)
	}
	parts := strings.Split(strings.TrimPrefix(c.url.Path, "/"), "/")
	if len(parts) != 3 || !versionForm.MatchString(parts[0]) || parts[2] != "events" {
		return r, unknownPath("Unknown path components: " + c.url.Path)
	}
	r.dataset = parts[1]
	if refused := s.admit(c, r.dataset, document); refused != nil {
		return r, refused
	}
	if c.method != http.MethodPost {
		return r, &refusal{code: 100, subcode: 33, kind: "GraphMethodException", index: -1, message: "Unsupported " + strings.ToLower(c.method) + " request."}
	}
	if kind, _, err := mime.ParseMediaType(c.header.Get("Content-Type")); err != nil || kind != "application/json" || c.header.Get("Content-Encoding") != "" {
		return r, badRequest("The parameter data is required; it is read from an uncompressed application/json body")
	}
	if unreadable != nil {
		return r, badRequest("The request's body is not valid JSON")
	}
	if refused := checkEnvelope(document); refused != nil {
		return r, refused
	}
	for i, event := range data.items {
		f := checkEvent(event, now)
		if f == nil {
			f = s.checkLead(event)
		}
		if f != nil {
			return r, &refusal{code: 100, subcode: f.subcode, message: "Invalid parameter", index: i, member: f.member}
		}
	}
	return r, nil
}

// checkLead refuses a lead that only Meta could know to be none.
func (s *Sandbox) checkLead(e value) *eventFault {
	id := e.member("user_data").member("lead_id")
	if id.given() && slices.Contains(s.config.UnknownLeads, strings.Trim(string(id.raw), `"`)) {
		return &eventFault{subLeadID, "lead_id"}
	}
	return nil
}

// admit checks the token and the dataset.
func (s *Sandbox) admit(c call, dataset string, document value) *refusal {
	if c.url.Query().Has("access_token") {
		return unknownPath("The access token is in the URL, where it ends up in logs; send it in the Authorization header")
	}
	token, bearer := strings.CutPrefix(c.header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = document.member("access_token").text
	}
	if token == "" {
		return &refusal{code: 104, message: "An access token is required to request this resource.", index: -1}
	}
	if s.config.Token != "" && token != s.config.Token {
		return invalidToken()
	}
	if refused := s.checkProof(token, document); refused != nil {
		return refused
	}
	if !digits(dataset) {
		return unknownDataset(dataset)
	}
	for _, known := range s.config.Datasets {
		if known == dataset {
			return nil
		}
	}
	if len(s.config.Datasets) > 0 {
		return unknownDataset(dataset)
	}
	return nil
}

// checkProof checks the proof of the app secret, where one is demanded. Meta's answer has the code of a bad event.
func (s *Sandbox) checkProof(token string, document value) *refusal {
	if s.config.AppSecret == "" {
		return nil
	}
	proof := document.member("appsecret_proof").text
	mac := hmac.New(sha256.New, []byte(s.config.AppSecret))
	mac.Write([]byte(token))
	switch proof {
	case hex.EncodeToString(mac.Sum(nil)):
		return nil
	case "":
		return &refusal{code: 100, kind: "GraphMethodException", index: -1, message: "API calls from the server require an appsecret_proof argument"}
	}
	return &refusal{code: 100, kind: "GraphMethodException", index: -1, message: "Invalid appsecret_proof provided in the API argument"}
}

// checkEnvelope checks the request around its events. Members it does not know are ignored, as Meta does.
func checkEnvelope(document value) *refusal {
	data := document.member("data")
	if data.kind != list || len(data.items) == 0 {
		return badRequest("The parameter data is required and must be a non-empty list")
	}
	if len(data.items) > maxEvents {
		return badRequest(fmt.Sprintf("Too many events in data: at most %d are allowed", maxEvents))
	}
	for _, name := range []string{"partner_agent", "test_event_code", "upload_tag", "access_token", "appsecret_proof"} {
		if v := document.member(name); v.given() && v.kind != text {
			return badRequest("Param " + name + " must be a string")
		}
	}
	if utf8.RuneCountInString(document.member("partner_agent").text) > maxPartnerAgent {
		return badRequest("Param partner_agent must have fewer than 23 characters")
	}
	return nil
}

func collect(items []value) []taken {
	if len(items) > maxEvents {
		items = items[:maxEvents]
	}
	events := make([]taken, len(items))
	for i, e := range items {
		events[i] = taken{id: e.member("event_id").text, name: e.member("event_name").text, raw: e.raw, hash: shortHash(e.raw)}
	}
	return events
}
