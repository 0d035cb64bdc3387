package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

const (
	controlPrefix = "/_sandbox/"
	pageSize      = 1000
)

// control answers what the edge does not have: it steers the sandbox and asks what it saw.
func (s *Sandbox) control(c call) reply {
	switch c.method + " " + c.url.Path {
	case "POST /_sandbox/faults":
		return s.controlFaults(c)
	case "POST /_sandbox/usage":
		return s.controlUsage(c)
	case "GET /_sandbox/stats":
		return controlReply(http.StatusOK, s.Stats())
	case "GET /_sandbox/events":
		if id := c.url.Query().Get("event_id"); id != "" {
			return controlReply(http.StatusOK, listing{Items: s.Seen(id)})
		}
		return s.controlRepeats(c)
	}
	return controlReply(http.StatusNotFound, map[string]string{
		"error": "the sandbox knows POST /_sandbox/faults, POST /_sandbox/usage, GET /_sandbox/stats and GET /_sandbox/events"})
}

func (s *Sandbox) controlFaults(c call) reply {
	var order struct {
		Next []Kind `json:"next"`
	}
	err := json.Unmarshal(c.body, &order)
	if err == nil {
		err = s.Queue(order.Next...)
	}
	if err != nil {
		return controlReply(http.StatusBadRequest, map[string]string{"error": `send {"next":["KIND",…]}: ` + err.Error()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return controlReply(http.StatusOK, map[string]int{"queued": len(s.queue)})
}

func (s *Sandbox) controlUsage(c call) reply {
	var u Usage
	err := json.Unmarshal(c.body, &u)
	if err == nil {
		err = s.SetUsage(u)
	}
	if err != nil {
		return controlReply(http.StatusBadRequest, map[string]string{"error": `send {"percent":85,"regain_minutes":0}: ` + err.Error()})
	}
	return controlReply(http.StatusOK, u)
}

type listing struct {
	Items []Seen  `json:"items"`
	Next  *string `json:"next"` // what after= gets for the next page, null on the last
}

// controlRepeats lists the events that came more than once, in the order in which they first did.
func (s *Sandbox) controlRepeats(c call) reply {
	after := 0
	if text := c.url.Query().Get("after"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return controlReply(http.StatusBadRequest, map[string]string{"error": "after must be the next of an earlier answer"})
		}
		after = n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repeats := s.ledger.repeats
	start := min(after, len(repeats))
	end := min(start+pageSize, len(repeats))
	var out listing
	for _, id := range repeats[start:end] {
		for _, seen := range s.ledger.find(id, false) {
			if seen.Times > 1 {
				out.Items = append(out.Items, seen)
			}
		}
	}
	if end < len(repeats) {
		next := strconv.Itoa(end)
		out.Next = &next
	}
	return controlReply(http.StatusOK, out)
}

func controlReply(status int, body any) reply {
	if l, ok := body.(listing); ok && l.Items == nil {
		l.Items = []Seen{}
		body = l
	}
	return reply{status: status, header: http.Header{"Content-Type": {jsonType}}, body: append(encode(body), '\n')}
}
