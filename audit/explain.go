package audit

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// Explanation says what a code, a reason or a state means.
type Explanation struct {
	Kind    string `json:"kind"` // meta_code, http_status, class, reason, event_state, batch_state, fate or attempt_end
	Name    string `json:"name"` // as it appears elsewhere: 100/2804003, credentials, too_old, pending
	Known   bool   `json:"known"`
	Code    int    `json:"code,omitempty"`
	Subcode int    `json:"subcode,omitempty"`
	Type    string `json:"type,omitempty"`  // error.type that the entry is for; "" for any
	Class   string `json:"class,omitempty"` // of a code or a status; warn, skip or reject of a reason
	Cause   string `json:"cause"`
	Older   string `json:"older,omitempty"`   // what older write-ups take the code for, where that differs
	Program string `json:"program"`           // what this program does
	Person  string `json:"person"`            // what a person does
	Nearest string `json:"nearest,omitempty"` // of an unknown code: the known one that looks most like it
}

// Explanations lists all that can be explained, by kind and in a fixed order.
func Explanations() []Explanation {
	var all []Explanation
	for _, e := range capi.Entries() {
		all = append(all, explainEntry(e))
	}
	all = append(all, explainCodeBelowZero())
	all = append(all, explainedStatuses()...)
	for _, c := range capi.Classes() {
		all = append(all, Explanation{Kind: "class", Name: c.Class.String(), Known: true, Cause: c.Cause, Program: c.Program, Person: c.Person})
	}
	all = append(all, explainedTroubles()...)
	for _, r := range event.Reasons() {
		all = append(all, explainReason(r))
	}
	return append(all, explainedStates()...)
}

// Explain finds what a person asks about: the numbers of a code (2804003, 100/2804003, "code 100, subcode 2804003"), or
// the name of a class, a reason or a state. One name may mean several things. An unknown number is explained as what this
// program does with it; for an unknown name there is nothing.
func Explain(asked string) []Explanation {
	if code, subcode, ok := askedCode(asked); ok {
		return explainCode(code, subcode)
	}
	name := explainName(asked)
	var found []Explanation
	for _, e := range Explanations() {
		if e.Name == name {
			found = append(found, e)
		}
	}
	if found == nil {
		// history names the code beside the reason.
		if digits, ok := strings.CutPrefix(name, string(event.ReasonRejectedByMeta)+"_"); ok {
			if code, _, ok := askedCode(digits); ok {
				return explainCode(code, 0)
			}
		}
	}
	return found
}

// explainName is a name as it is listed: people write spaces and capitals.
func explainName(asked string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(asked)))
}

var fillWords = regexp.MustCompile(`(?i)\b(meta|graph|http|error|code|error_subcode|subcode)\b|[#(),:/=]`)

// askedCode reads a code and its subcode out of what a person copied.
func askedCode(asked string) (code, subcode int, ok bool) {
	numbers := strings.Fields(fillWords.ReplaceAllString(asked, " "))
	if len(numbers) == 0 || len(numbers) > 2 {
		return 0, 0, false
	}
	var read [2]int
	for i, text := range numbers {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return 0, 0, false
		}
		read[i] = int(n)
	}
	return read[0], read[1], true
}

func explainCode(code, subcode int) []Explanation {
	var found []Explanation
	if e, ok := capi.Explain(code, subcode); ok {
		asked := subcode
		if asked == 0 && code > e.LastCode { // a subcode that was given alone
			asked = code
		}
		if asked != e.Subcode {
			e.Cause = "Subcode " + strconv.Itoa(asked) + " has no entry of its own; this is what code " + codeName(e.Code, e.LastCode, 0) + " means. " + e.Cause
		}
		x := explainEntry(e)
		if e.Code != e.LastCode && code <= e.LastCode || code < 0 {
			x.Name, x.Code = codeName(code, code, e.Subcode), code
		}
		found = append(found, x)
	}
	for _, e := range capi.Entries() {
		switch {
		case subcode == 0 && e.Subcode == code && !slices.ContainsFunc(found, func(x Explanation) bool { return x.Subcode == code }):
			found = append(found, explainEntry(e)) // a subcode alone
		case subcode == 0 && e.Type != "" && e.Code == code:
			found = append(found, explainEntry(e))
		}
	}
	for _, e := range explainedStatuses() {
		if subcode == 0 && e.Code == code {
			found = append(found, e)
		}
	}
	if found == nil {
		unknown := capi.Classes()[capi.ClassUnknown]
		found = append(found, Explanation{Kind: "meta_code", Name: codeName(code, code, subcode), Code: code, Subcode: subcode, Class: capi.ClassUnknown.String(),
			Cause: "This version does not know the code.", Program: unknown.Program, Person: unknown.Person})
	}
	return found
}

func explainEntry(e capi.Entry) Explanation {
	return Explanation{Kind: "meta_code", Name: codeName(e.Code, e.LastCode, e.Subcode), Known: true, Code: e.Code, Subcode: e.Subcode, Type: e.Type,
		Class: e.Class.String(), Cause: e.Cause, Older: e.Older, Program: e.Program, Person: e.Person}
}

func explainCodeBelowZero() Explanation {
	e, _ := capi.Explain(-1, 0)
	x := explainEntry(e)
	x.Name = "below 0"
	return x
}

func codeName(first, last, subcode int) string {
	name := strconv.Itoa(first)
	if last != first {
		name += "-" + strconv.Itoa(last)
	}
	if subcode != 0 {
		name += "/" + strconv.Itoa(subcode)
	}
	return name
}

func explainReason(r event.Reason) Explanation {
	does := map[event.Severity]string{
		event.Warn:   "The event is sent all the same; the warning is kept with it.",
		event.Skip:   "It is left out and counted under this reason; nobody has to mend anything.",
		event.Reject: "It is not sent. A record goes to the rejects file with this reason.",
	}[r.Severity()]
	return Explanation{Kind: "reason", Name: string(r), Known: true, Class: r.Severity().String(), Cause: r.Sentence(), Program: does, Person: r.Fix()}
}

// explainedStates explains the states that the history shows.
func explainedStates() []Explanation {
	var all []Explanation
	for _, s := range store.States() {
		all = append(all, explainState("event_state", s.String(), eventState(s)))
	}
	for _, s := range store.BatchStates() {
		all = append(all, explainState("batch_state", s.String(), batchState(s)))
	}
	for _, f := range store.Fates() {
		all = append(all, explainState("fate", f.String(), fateOf(f)))
	}
	for _, e := range append(capi.Ends(), store.EndLost) {
		all = append(all, explainState("attempt_end", e, attemptEnd(e)))
	}
	return all
}

func explainState(kind, name string, t triple) Explanation {
	return Explanation{Kind: kind, Name: name, Known: t.cause != "", Cause: t.cause, Program: t.program, Person: t.person}
}
