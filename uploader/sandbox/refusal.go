package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer with an error member.
type refusal struct {
	status    int
	code      int
	subcode   int
	kind      string // error.type; OAuthException when empty
	message   string // technical and in English, as Meta's
	transient bool
	index     int // of the event in data, -1 when it is not about one
	member    string
	header    http.Header
}

// tongues: Meta answers in the language of the token's owner, so nobody may read the title to decide.
var tongues = [...]struct{ title, text string }{
	{"Ongeldige parameter", "Een parameter ontbreekt of is ongeldig."},
	{"Parâmetro inválido", "Falta um parâmetro ou ele é inválido."},
	{"Ungültiger Parameter", "Ein Parameter fehlt oder ist ungültig."},
	{"Paramètre non valide", "Un paramètre est manquant ou non valide."},
	{"パラメーターが無効です", "パラメーターが不足しているか、無効です。"},
	{"Invalid parameter", "A parameter is missing or invalid."},
}

func invalidToken() *refusal {
	return &refusal{code: 190, message: "Invalid OAuth access token - Cannot parse access token", index: -1,
		header: http.Header{"Www-Authenticate": {`OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token"`}}}
}

func unknownPath(message string) *refusal {
	return &refusal{code: 2500, message: message, index: -1}
}

func unknownDataset(dataset string) *refusal {
	return &refusal{code: 100, subcode: 33, kind: "GraphMethodException", index: -1,
		message: "Unsupported post request. Object with ID '" + dataset + "' does not exist, cannot be loaded due to missing permissions, or does not support this operation"}
}

func badRequest(message string) *refusal {
	return &refusal{code: 100, message: "(#100) " + message, index: -1}
}

func throttled(chance *rand.Rand, dataset string) *refusal {
	code := [...]int{4, 17, 613, 80004, 80014}[chance.IntN(5)]
	usage := fmt.Sprintf(`{%q:[{"type":"ads_management","call_count":100,"total_cputime":25,"total_time":25,"estimated_time_to_regain_access":1}]}`, dataset)
	return &refusal{code: code, message: "(#" + strconv.Itoa(code) + ") There have been too many calls", transient: true, index: -1,
		header: http.Header{"X-Business-Use-Case-Usage": {usage}, "X-App-Usage": {`{"call_count":100,"total_time":25,"total_cputime":25}`}}}
}

type errorMember struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode,omitempty"`
	Transient bool   `json:"is_transient"`
	Title     string `json:"error_user_title,omitempty"`
	UserText  string `json:"error_user_msg,omitempty"`
	Data      any    `json:"error_data,omitempty"`
	TraceID   string `json:"fbtrace_id"`
}

// reply makes the answer that refuses.
func (r *refusal) reply(chance *rand.Rand, blame Blame) reply {
	e := errorMember{Message: r.message, Type: r.kind, Code: r.code, Subcode: r.subcode, Transient: r.transient, TraceID: traceID(chance)}
	if e.Type == "" {
		e.Type = "OAuthException"
	}
	if r.subcode != 0 || r.index >= 0 {
		tongue := tongues[chance.IntN(len(tongues))]
		e.Title, e.UserText = tongue.title, tongue.text
	}
	if r.index >= 0 {
		specs := map[string]any{"blame_field_specs": [][]string{{"data", strconv.Itoa(r.index), r.member}}}
		switch blame {
		case BlamePath:
			e.UserText += fmt.Sprintf(" $['data'][%d]['%s']", r.index, r.member)
		case BlameObject:
			e.Data = specs
		case BlameString:
			e.Data = string(encode(specs))
		}
	}
	status := r.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	out := reply{status: status, header: http.Header{}, body: encode(map[string]any{"error": e})}
	for key, values := range r.header {
		out.header[key] = values
	}
	out.header.Set("Content-Type", jsonType)
	out.header.Set("X-Fb-Trace-Id", e.TraceID)
	return out
}

func acknowledgement(chance *rand.Rand, n int) reply {
	id := traceID(chance)
	return reply{
		status: http.StatusOK,
		header: http.Header{"Content-Type": {jsonType}, "X-Fb-Trace-Id": {id}},
		body:   encode(map[string]any{"events_received": n, "messages": []string{}, "fbtrace_id": id}),
	}
}

func page(status int, title string) reply {
	return reply{
		status: status,
		header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body:   []byte("<!DOCTYPE html><html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"),
	}
}

const jsonType = "application/json; charset=UTF-8"

func traceID(chance *rand.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	id := []byte("A")
	for range 22 {
		id = append(id, alphabet[chance.IntN(len(alphabet))])
	}
	return string(id)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // only plain texts, numbers, lists and maps are ever given
		return []byte("{}")
	}
	return b
}

// reply is an answer on its way out.
type reply struct {
	status int // 0: no answer, the connection is cut
	header http.Header
	body   []byte
	wait   time.Duration
	abrupt bool // a cut resets the connection instead of closing it
}
