package event

import (
	"slices"
	"strings"
)

// Reason is a stable code for one way in which an event or a record can be refused, left out or flagged. Codes are
// stored in databases and read by other programs: never rename one, only add.
type Reason string

// Severity says what follows from a reason.
type Severity uint8

// The severities, least first.
const (
	// Warn flags an event that is sent all the same.
	Warn Severity = iota + 1
	// Skip leaves a record out that nobody can or should mend. What came too late is one of them, though it is counted
	// apart, as expired.
	Skip
	// Reject refuses what a person can mend.
	Reject
)

// String is warn, skip or reject.
func (s Severity) String() string {
	switch s {
	case Warn:
		return "warn"
	case Skip:
		return "skip"
	case Reject:
		return "reject"
	}
	return "unknown"
}

// explanation is what the catalogue knows about a reason.
type explanation struct {
	severity      Severity
	sentence, fix string
}

// explain looks r up. It is a chain of switches and not a map, so that it costs nothing where a million warnings are
// sorted by severity.
func (r Reason) explain() (explanation, bool) {
	if x, ok := r.explainEvent(); ok {
		return x, true
	}
	if x, ok := r.explainRecord(); ok {
		return x, true
	}
	return r.explainAfter()
}

// Known reports whether this version of the program has r in its catalogue.
func (r Reason) Known() bool {
	_, ok := r.explain()
	return ok
}

// Severity says what follows from r; Reject for a code that this version does not know.
func (r Reason) Severity() Severity {
	if x, ok := r.explain(); ok {
		return x.severity
	}
	return Reject
}

// Sentence says in one full sentence what is wrong, for somebody who knows the business and not the API.
func (r Reason) Sentence() string {
	if x, ok := r.explain(); ok {
		return x.sentence
	}
	return "This version of Capibara does not know the reason " + string(r) + "."
}

// Fix says in one full sentence what to do about it.
func (r Reason) Fix() string {
	if x, ok := r.explain(); ok {
		return x.fix
	}
	return "Use the version of Capibara that wrote this entry, or a newer one."
}

// Problem is one thing that is wrong with an event or a record. It is an error, and never holds a value of the
// record: what is wrong with a person's data may be told, the data may not.
type Problem struct {
	Reason Reason
	// Member is Meta's name of the member concerned, such as custom_data.value, or the column of a record; may be empty.
	Member string
	// Detail adds what the reason alone does not say, such as an allowed range; may be empty.
	Detail string
}

// Error is the reason's code with member and detail.
func (p Problem) Error() string {
	if at := p.where(); at != "" {
		return string(p.Reason) + " (" + at + ")"
	}
	return string(p.Reason)
}

// Sentence is the reason's sentence with member and detail in brackets.
func (p Problem) Sentence() string {
	s := p.Reason.Sentence()
	if at := p.where(); at != "" {
		return strings.TrimSuffix(s, ".") + " (" + at + ")."
	}
	return s
}

// Fix is the reason's way out.
func (p Problem) Fix() string { return p.Reason.Fix() }

// Severity is the reason's severity.
func (p Problem) Severity() Severity { return p.Reason.Severity() }

func (p Problem) where() string {
	if p.Member != "" && p.Detail != "" {
		return p.Member + ": " + p.Detail
	}
	return p.Member + p.Detail
}

// Reasons returns every reason, ordered by where it arises: in an event, in a record, afterwards.
func Reasons() []Reason {
	return slices.Concat(eventReasons(), recordReasons(), afterReasons())
}

// Dropped is the warning for a value of k that could not be used and was left out while its event was kept.
func Dropped(k Key) Reason {
	switch k {
	case Email:
		return ReasonDroppedEmail
	case Phone:
		return ReasonDroppedPhone
	case FirstName:
		return ReasonDroppedFirstName
	case LastName:
		return ReasonDroppedLastName
	case Birth:
		return ReasonDroppedDateOfBirth
	case Gender:
		return ReasonDroppedGender
	case City:
		return ReasonDroppedCity
	case State:
		return ReasonDroppedState
	case Zip:
		return ReasonDroppedZip
	case Country:
		return ReasonDroppedCountry
	case ExternalID:
		return ReasonDroppedExternalID
	case LeadID:
		return ReasonDroppedLeadID
	case FBC:
		return ReasonFBCDropped
	}
	return ReasonDroppedIdentifier
}
