package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"capibara/audit"
)

// eventPath is the address of an event. Browsers take a dot for a folder, so that an id of dots goes into the query.
func eventPath(id string) string {
	if slices.Contains([]string{"", ".", ".."}, id) {
		return "/events/?id=" + url.QueryEscape(id)
	}
	return "/events/" + url.PathEscape(id)
}

// addressed is an address with one parameter.
func addressed(path, name string, value any) string {
	return path + "?" + url.Values{name: {fmt.Sprint(value)}}.Encode()
}

func explainPath(code string) string { return addressed("/rules", "explain", code) + "#explained" }

// navEntry is one entry of the navigation.
type navEntry struct {
	Path, Word string
	Current    bool
}

// table is a list with its caption.
type table struct {
	Caption string
	Events  []audit.Event
	Batches []audit.Batch
	Files   []audit.File
}

func rows(caption string, list any) table {
	t := table{Caption: caption}
	switch list := list.(type) {
	case []audit.Event:
		t.Events = list
	case []audit.Batch:
		t.Batches = list
	case []audit.File:
		t.Files = list
	}
	return t
}

// lastAnswer is how the last attempt of a batch ended.
type lastAnswer struct{ Word, Facts string }

func lastAttempt(attempts []audit.Attempt) *lastAnswer {
	if len(attempts) == 0 {
		return nil
	}
	a := attempts[len(attempts)-1]
	facts := attemptFacts(a)
	if n := len(attempts); n > 1 {
		facts = strings.TrimPrefix(facts+fmt.Sprintf(" · attempt %d", a.N), " · ")
	}
	return &lastAnswer{Word: attemptEnd(a.End).Word, Facts: facts}
}

// metaCode is a code of Meta's as it is looked up.
func metaCode(code, subcode int) string {
	if subcode == 0 {
		return fmt.Sprint(code)
	}
	return fmt.Sprintf("%d/%d", code, subcode)
}

// allowPath is the address at which an operator is asked whether what is halted may go.
func allowPath(h audit.HaltStatus) string {
	v := url.Values{"kind": {h.Kind}}
	if h.Kind == "source" {
		v.Set("source", h.Source)
	} else {
		v.Set("file", fmt.Sprint(h.File))
	}
	return "/allow?" + v.Encode()
}
