package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader/capi"
)

// pageFuncs are what the templates write with. Every text that came from a file, from Meta or from a person goes through text,
// said, lines or json.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"static": assetPath, "text": audit.ShownText, "said": said, "lines": shownLines, "json": shownJSON,
		"grouped": audit.ShownNumber, "size": func(n int64) string { return audit.ShownNumber(uint64(max(n, 0))) }, "worth": audit.ShownWorth,
		"count": func(n int) uint64 { return uint64(max(n, 0)) }, "plural": plural, "add": func(a, b int) int { return a + b },
		"at": at, "exactly": exactly, "stamp": func(t time.Time) string { return t.Format(time.RFC3339) }, "day": dayName,
		"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") }, "eventState": eventState, "batchState": batchState, "fileState": fileState,
		"ends": attemptEnd, "reason": reasonSentence, "event": eventPath, "where": addressed, "explain": explainPath, "percent": percent,
		"entry": func(path, word, current string) navEntry { return navEntry{path, word, path == current} },
		"rows":  rows, "last": lastAttempt, "fates": fateCounts, "facts": attemptFacts, "answers": attemptAnswers, "code": metaCode, "tone": fateTone, "state": explainedState, "kind": explainedKind,
		"halt": haltWhat, "allow": allowPath, "quality": qualityTone, "mapping": shownMapping,
		"sum": func(v string) string { return strings.TrimPrefix(audit.ShownWorth([]store.Sum{{Value: v}}), " ") },
	}
}

// shownAs is a state as people read it: a word, and the tone of its colour.
type shownAs struct{ Word, Tone string }

func eventState(name string) shownAs {
	switch name {
	case "pending":
		return shownAs{"pending", "quiet"}
	case "in_flight":
		return shownAs{"in flight", "way"}
	case "acknowledged":
		return shownAs{"Meta accepted", "good"}
	case "rejected":
		return shownAs{"rejected", "bad"}
	case "expired", "held":
		return shownAs{name, "mend"}
	}
	return shownAs{strings.ReplaceAll(name, "_", " "), "quiet"}
}

func batchState(name string) shownAs {
	switch name {
	case "acknowledged":
		return shownAs{"Meta accepted", "good"}
	case "sending", "ready":
		return shownAs{name, "way"}
	case "unknown":
		return shownAs{"fate unknown", "mend"}
	case "held", "expired":
		return shownAs{name, "mend"}
	case "rejected":
		return shownAs{name, "bad"}
	}
	return shownAs{strings.ReplaceAll(name, "_", " "), "quiet"}
}

func fileState(name string) shownAs {
	switch name {
	case "imported":
		return shownAs{name, "good"}
	case "importing":
		return shownAs{name, "way"}
	case "refused":
		return shownAs{name, "bad"}
	}
	return shownAs{strings.ReplaceAll(name, "_", " "), "quiet"}
}

func fateTone(fate string) string {
	switch fate {
	case store.FateAccepted.String():
		return "good"
	case store.FateRejected.String():
		return "bad"
	case store.FateExpired.String(), store.FateConflict.String():
		return "mend"
	}
	return "quiet"
}

// attemptEnd is how an attempt ended.
func attemptEnd(end string) shownAs {
	switch end {
	case "":
		return shownAs{"under way", "way"}
	case capi.Acknowledged.String():
		return shownAs{"Meta accepted", "good"}
	case capi.InvalidEvent.String(), capi.Stopped.String():
		return shownAs{strings.ReplaceAll(end, "_", " "), "bad"}
	case capi.Unknown.String(), store.EndLost, capi.Throttled.String():
		return shownAs{strings.ReplaceAll(end, "_", " "), "mend"}
	}
	return shownAs{strings.ReplaceAll(end, "_", " "), "quiet"}
}

// at is an instant in a list, exactly one in the life of an event: seconds and offset tell an auditor which of two came first.
func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

func exactly(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

func dayName(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("Mon 2 Jan")
}

// plural is "1 event" or "12 events".
func plural(n any, one, many string) string {
	var count uint64
	switch n := n.(type) {
	case int:
		count = uint64(max(n, 0))
	case uint64:
		count = n
	}
	if count == 1 {
		return "1 " + one
	}
	return audit.ShownNumber(count) + " " + many
}

func percent(part, of uint64) string {
	if of == 0 {
		return "0"
	}
	switch p := part * 100 / of; {
	case p == 0 && part > 0:
		return "1" // some are not none
	default:
		return fmt.Sprint(p)
	}
}

// said is a text of several sentences in which commands stand between backticks, as the sentences of a status have them. A command
// that shows what a page shows leads to that page.
func said(s string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(s, "`") {
		quoted := template.HTMLEscapeString(audit.ShownText(part))
		if i%2 == 1 {
			quoted = "<code>" + quoted + "</code>"
			if to := pageOf(part); to != "" {
				quoted = `<a href="` + template.HTMLEscapeString(to) + `">` + quoted + "</a>"
			}
		}
		out.WriteString(quoted)
	}
	return template.HTML(out.String())
}

var (
	historyCommand = regexp.MustCompile(`^capibara history (events|batches|files)((?: --[a-z-]+ [^ -][^ ]*)*)$`)
	explainCommand = regexp.MustCompile(`^capibara explain ([^ -][^ ]*)$`)
)

// pageOf is the page that shows what a command shows; "" when there is none.
func pageOf(command string) string {
	if found := explainCommand.FindStringSubmatch(command); found != nil {
		return explainPath(found[1])
	}
	found := historyCommand.FindStringSubmatch(command)
	if found == nil {
		return ""
	}
	v, words := url.Values{}, strings.Fields(found[2])
	for i := 0; i+1 < len(words); i += 2 {
		v.Set(strings.ReplaceAll(strings.TrimPrefix(words[i], "--"), "-", "_"), words[i+1])
	}
	return pathWith("/"+found[1], v)
}

// shownLines is a text of several lines without what must not reach a page.
func shownLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func shownJSON(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return shownLines(string(raw))
	}
	return shownLines(out.String())
}

// splitSentence parts the first sentence from the others. A full stop ends one when a space and a beginning follow it.
func splitSentence(s string) (first, rest string) {
	quoted := false
	for i, r := range s {
		switch {
		case r == '`':
			quoted = !quoted
		case r == ' ' && !quoted && i > 1 && i+1 < len(s) && (s[i-1] == '.' || s[i-1] == ')' && s[i-2] == '.'):
			if next, _ := utf8.DecodeRuneInString(s[i+1:]); unicode.IsUpper(next) || unicode.IsDigit(next) || next == '`' {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// reasonSentence is what a reason code means; "" for one that has no sentence.
func reasonSentence(code string) string {
	for _, e := range audit.Explain(code) {
		if e.Known && e.Cause != "" {
			return e.Cause
		}
	}
	return ""
}

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

// explainedState is what a state means; nil for an unknown one.
func explainedState(kind, name string) *audit.Explanation {
	for _, e := range audit.Explain(name) {
		if e.Kind == kind {
			return &e
		}
	}
	return nil
}

func explainedKind(kind string) string {
	switch kind {
	case "meta_code":
		return "Meta's code"
	case "http_status":
		return "HTTP status"
	case "class":
		return "kind of trouble"
	case "event_state":
		return "state of an event"
	case "batch_state":
		return "state of a batch"
	case "fate":
		return "fate of a record"
	case "attempt_end":
		return "end of an attempt"
	}
	return kind
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

// qualityTone is the tone of an estimate out of ten, in the bands of event.Coverage.
func qualityTone(estimate string) string {
	whole, _, _ := strings.Cut(estimate, ".")
	switch n, err := strconv.Atoi(whole); {
	case err != nil:
		return "quiet"
	case n <= 3:
		return "bad"
	case n <= 5:
		return "mend"
	}
	return "good"
}

// shownMapping is a mapping as it was kept: YAML, or JSON without line breaks.
func shownMapping(m string) string {
	if json.Valid([]byte(m)) {
		return shownJSON([]byte(m))
	}
	return shownLines(m)
}
