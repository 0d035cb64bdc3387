package capi

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// maxMessages bounds how many of an answer's messages are kept.
const maxMessages = 20

// answer is the JSON of an answer of the events edge:
//
//	{"events_received":2,"messages":[],"fbtrace_id":"A…"}
//	{"error":{"message":…,"type":…,"code":…,"error_subcode":…,"is_transient":…,"error_user_title":…,"error_user_msg":…,
//	          "error_data":…,"fbtrace_id":…}}
type answer struct {
	received    int
	hasReceived bool
	messages    []string
	fbtraceID   string
	err         *graphError // nil without an error member
}

type graphError struct {
	code, subcode                  int
	hasCode                        bool
	transient                      bool
	kind, message, title, userText string
	data                           json.RawMessage
}

// parseAnswer reads a whole answer. ok is false for anything but one JSON object. A member of an unexpected type counts
// as absent, so that one oddity does not hide the code beside it.
func parseAnswer(body []byte) (a answer, ok bool) {
	top, ok := object(body)
	if !ok {
		return answer{}, false
	}
	a.received, a.hasReceived = integer(top["events_received"])
	a.fbtraceID = text(top["fbtrace_id"])
	var messages []json.RawMessage
	if json.Unmarshal(top["messages"], &messages) == nil {
		for _, m := range messages {
			if len(a.messages) == maxMessages {
				break
			}
			if s := text(m); s != "" {
				a.messages = append(a.messages, s)
			} else {
				a.messages = append(a.messages, string(m))
			}
		}
	}
	raw, present := top["error"]
	if !present || isNull(raw) {
		return a, true
	}
	a.err = &graphError{}
	members, isObject := object(raw)
	if !isObject {
		a.err.message = text(raw)
		return a, true
	}
	e := a.err
	e.code, e.hasCode = integer(members["code"])
	e.subcode, _ = integer(members["error_subcode"])
	e.transient = string(bytes.TrimSpace(members["is_transient"])) == "true"
	e.kind, e.message = text(members["type"]), text(members["message"])
	e.title, e.userText = text(members["error_user_title"]), text(members["error_user_msg"])
	e.data = members["error_data"]
	if id := text(members["fbtrace_id"]); id != "" {
		a.fbtraceID = id
	}
	return a, true
}

func object(raw []byte) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, false
	}
	return members, true
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// integer reads a JSON integer that fits an int32, which every code and count does.
func integer(raw json.RawMessage) (int, bool) {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 32)
	if err != nil {
		return 0, false
	}
	return int(n), true
}
