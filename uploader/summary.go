package uploader

import "capibara/store"

// Summary is what a pass did. All numbers but Batches and Requests count events.
type Summary struct {
	Batches      int `json:"batches"`      // planned and begun for the first time
	Requests     int `json:"requests"`     // attempts to send a batch or a part of one; probes are not counted
	Acknowledged int `json:"acknowledged"` // Meta received them
	Rejected     int `json:"rejected"`     // refused one by one
	Released     int `json:"released"`     // pending again because an attempt did not arrive; counted at each release
	Unknown      int `json:"unknown"`      // in batches whose fate is unknown at the end of the pass
	Held         int `json:"held"`         // of unknown fate, and too late to ask again
	Expired      int `json:"expired"`      // their deadline passed
	Relied       int `json:"relied"`       // of Acknowledged, those that an attempt before may have brought too, under the same event_id
	// Stopped is the dataset that a circuit keeps from sending, nil when there is none; with several, the one whose
	// credentials are at fault, else the first of the configuration.
	Stopped *Stop     `json:"stopped"`
	NotLive []NotLive `json:"not_live,omitempty"` // datasets with pending events to which nobody allowed sending yet
	Halted  []Halted  `json:"halted,omitempty"`   // sources that this pass halted
	TooLate []TooLate `json:"too_late,omitempty"` // what the events were worth that expired, and why, dataset by dataset
}

// Stop says why a dataset is not sent to.
type Stop struct {
	Dataset string `json:"dataset"` // its alias
	Reason  string `json:"reason"`  // a sentence
	Class   string `json:"class"`   // as in store.Circuit
}

// NotLive is a dataset that waits for a person's word.
type NotLive struct {
	Dataset string `json:"dataset"` // Meta's id
	Alias   string `json:"alias"`
	Events  int    `json:"events"` // pending
}

// Halted is a source whose events were refused so often that a person should look at its mapping.
type Halted struct {
	Source  string `json:"source"`
	Dataset string `json:"dataset"` // the alias of the dataset that refused them
	Reason  string `json:"reason"`  // a sentence
}

// TooLate is what expired of one dataset.
type TooLate struct {
	Dataset string `json:"dataset"` // its alias
	store.Tally
	Why string `json:"why"` // a sentence or more: what kept them from being sent, and what would have saved them
}

// Progress tells how far a pass is.
type Progress struct {
	Summary
	Pending int // events that were pending when the pass began, in datasets that are sent to
}
