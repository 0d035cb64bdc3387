package capi

import (
	"encoding/json"
	"slices"
	"strings"
)

// quoted makes what was answered to a request fit for a log: besides what scrub takes out, the identifiers of user_data that
// Meta takes unhashed, such as an address or a click id. A message that says what is wrong may quote them.
type quoted struct {
	token Token
	sent  []byte // body of the request
	masks *strings.Replacer
}

// clean returns a text without what must not be repeated.
func (q *quoted) clean(text string) string {
	if text == "" {
		return ""
	}
	if q.masks == nil {
		q.masks = q.identifiers()
	}
	return scrub(q.masks.Replace(text), q.token, maxText)
}

// leastQuoted is the length, in bytes, of a value that is masked: in a shorter one nobody is recognised, and masking it would
// shred the text.
const leastQuoted = 5

// identifiers masks every value of user_data, in the forms in which JSON may write it.
func (q *quoted) identifiers() *strings.Replacer {
	var request struct {
		Data []struct {
			UserData map[string]json.RawMessage `json:"user_data"`
		} `json:"data"`
	}
	// A body that cannot be read has no values that could be known again.
	_ = json.Unmarshal(q.sent, &request)
	var values []string
	for _, e := range request.Data {
		for _, raw := range e.UserData {
			values = append(values, written(raw)...)
		}
	}
	// A value may begin another one.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, v := range slices.Compact(values) {
		if len(v) >= leastQuoted {
			pairs = append(pairs, v, "[value]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// written returns a value, or each of a list, as text and as JSON writes it, with and without the escape of the slash that
// PHP makes.
func written(raw json.RawMessage) (all []string) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, one := range list {
		inner := strings.Trim(string(one), `"`)
		plain := text(one)
		if plain == "" {
			plain = inner // a number
		}
		all = append(all, plain, inner, strings.ReplaceAll(inner, "/", `\/`))
	}
	return all
}
