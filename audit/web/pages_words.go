package web

import (
	"strconv"
	"strings"

	"capibara/store"
	"capibara/uploader/capi"
)

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
