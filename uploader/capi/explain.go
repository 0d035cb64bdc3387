package capi

// firstEventSubcode and lastEventSubcode enclose the subcodes of code 100 that the events edge itself gives. Whoever
// gets one came past token, permission and dataset.
const (
	firstEventSubcode = 2804000
	lastEventSubcode  = 2804999
)

// ProbeSubcode is the subcode with which Meta answers a probe when token and dataset work.
const ProbeSubcode = 2804019

// Explain returns what is known about a code and its subcode, or false for an unlisted code. A subcode without an entry
// of its own is explained as its code. A subcode alone may be given as the code: people copy the longest number.
func Explain(code, subcode int) (Entry, bool) { return lookUp(code, subcode, "") }

// Explain returns what is known about the error that Graph answered, or false when it is unlisted. It knows more than
// the two numbers do: see Entry.Type.
func (e *Error) Explain() (Entry, bool) { return lookUp(e.Code, e.Subcode, e.Type) }

func lookUp(code, subcode int, kind string) (Entry, bool) {
	if subcode == 0 && code >= firstEventSubcode && code <= lastEventSubcode {
		code, subcode = 100, code
	}
	if code < 0 {
		return Entry{Code: code, LastCode: code, Class: ClassTransient,
			Cause: "Meta failed inside; negative codes are not documented.", Program: doUnknown, Person: askNothing}, true
	}
	var found Entry
	ok := false
	for _, e := range catalogue {
		e.LastCode = max(e.LastCode, e.Code)
		switch {
		case code < e.Code || code > e.LastCode:
		case e.Subcode != 0 && e.Subcode == subcode:
			return e, true // a subcode says more than a type
		case e.Subcode != 0 || e.Type != "" && (e.Type != kind || subcode != 0):
		case !ok || e.Type != "":
			found, ok = e, true
		}
	}
	return found, ok
}

// Entries returns the whole catalogue, in its order.
func Entries() []Entry {
	all := append([]Entry(nil), catalogue[:]...)
	for i := range all {
		all[i].LastCode = max(all[i].LastCode, all[i].Code)
	}
	return all
}

// classify decides by code, subcode, is_transient and type alone. What refuses at the door (throttle, token, permission,
// dataset, policy) refused before any event was looked at, so is_transient, which Meta sets on throttles, changes nothing
// about its fate; on every other code it makes the fate unknown.
func classify(g *graphError) Class {
	class := ClassUnknown
	if g.hasCode {
		if e, ok := lookUp(g.code, g.subcode, g.kind); ok {
			class = e.Class
		}
	}
	switch class {
	case ClassUnknown, ClassInvalidEvent, ClassInvalidRequest:
		if g.transient {
			return ClassTransient
		}
	}
	return class
}
