package audit

import (
	"net/http"
	"strconv"

	"capibara/store"
	"capibara/uploader/capi"
)

// triple is what an explanation says: what it means, what this program does, what a person does.
type triple struct{ cause, program, person string }

const nothingToDo = "Nothing."

func eventState(s store.State) triple {
	switch s {
	case store.StatePending:
		return triple{"The event waits to be sent.", "The next upload sends it, the earliest deadline first, once its dataset is live and not stopped.", "Nothing; `capibara status` says when the next upload is."}
	case store.StateInFlight:
		return triple{"The event is in a batch that is being sent, or whose fate is not known yet.", "The batch is settled when Meta answers, or sent again as itself within 36 hours.", nothingToDo}
	case store.StateAcknowledged:
		return triple{"Meta said that it received the event.", "It is never sent again.", nothingToDo}
	case store.StateRejected:
		return triple{"The event was refused by itself, by Meta or by the last check before sending.", "It is not sent again.", "Look at it with `capibara show event`, mend the record at its source, and import it again."}
	case store.StateExpired:
		return triple{"The event became older than its window before Meta acknowledged it.", "It is kept, and never sent: Meta takes no older events.", "Import and upload at least once a day."}
	case store.StateHeld:
		return triple{"The event may have reached Meta, and it is too late to send it again safely.", "It is neither sent again nor counted as received.", "Compare the counts of that day in Events Manager."}
	case store.StateWithdrawn:
		return triple{"The event was taken back before it was sent.", "It is never sent.", nothingToDo}
	case store.StateErased:
		return triple{"The content of the event was erased on request.", "What is left says that there was an event, and no more.", nothingToDo}
	}
	return triple{}
}

func batchState(s store.BatchState) triple {
	switch s {
	case store.BatchReady:
		return triple{"The batch is a part of a refused one and has not been sent yet.", "It is sent next: this is how a bad event is searched out.", nothingToDo}
	case store.BatchSending:
		return triple{"A request with the batch is under way.", "The answer settles it. If the process dies meanwhile, its fate is unknown.", nothingToDo}
	case store.BatchAcknowledged:
		return triple{"Meta accepted every event of the batch.", "None of them is sent again.", nothingToDo}
	case store.BatchSplit:
		return triple{"Meta refused the whole batch for at least one event.", "Its parts are sent apart, until the bad event is found.", nothingToDo}
	case store.BatchRejected:
		return triple{"The batch was one event, and that was refused.", "The event is rejected with its reason.", "Look at the event with `capibara show event`."}
	case store.BatchReleased:
		return triple{"The batch was definitely not received.", "Its events are pending again and travel in another batch.", nothingToDo}
	case store.BatchUnknown:
		return triple{"Nobody knows whether Meta received the batch, because no proper answer came.", "The dataset is probed, and the same bytes are sent again, in at most three attempts within 36 hours.", nothingToDo}
	case store.BatchHeld:
		return triple{"Nobody knows whether Meta received the batch, and it is too late to ask again.", "Its events are held.", "Compare the counts of that day in Events Manager."}
	case store.BatchExpired:
		return triple{"Every event of the batch became too old while it was open.", "They are expired, and marked as possibly sent when they may have arrived.", nothingToDo}
	}
	return triple{}
}

func fateOf(f store.Fate) triple {
	switch f {
	case store.FateAccepted:
		return triple{"The record gave at least one event that was new.", "Its events wait for the next upload.", nothingToDo}
	case store.FateDuplicate:
		return triple{"All that the record says was imported before.", "Nothing is sent a second time.", "Nothing: exports that repeat yesterday's records are normal."}
	case store.FateConflict:
		return triple{"The record disagrees with an event that was imported before: another time, value, currency, order or item.", "The first content counts and the later one is reported.", "Look with `capibara show event` whether the change matters."}
	case store.FateExpired:
		return triple{"The record came when its event was too old already.", "It is kept and findable, and never sent.", "Import records sooner."}
	case store.FateSkipped:
		return triple{"There is nothing to send in the record, and nothing to mend.", "It is counted under its reason.", nothingToDo}
	case store.FateRejected:
		return triple{"Something in the record is wrong that a person can mend.", "It goes to the rejects file with its reason and a way out.", "Mend it there or at its source, and import it again."}
	}
	return triple{}
}

func attemptEnd(name string) triple {
	if name == store.EndLost {
		return triple{"The process died before it knew how the attempt ended.", "The fate of the batch is unknown: it is sent again as itself once the dataset answers.", nothingToDo}
	}
	end, err := capi.ParseEnd(name)
	if err != nil {
		return triple{}
	}
	switch end {
	case capi.Unknown:
		return triple{"The request may or may not have been received.", "Nothing more goes to the dataset before it answers a probe; then the same bytes are sent again.", nothingToDo}
	case capi.NotSent:
		return triple{"The request did not leave whole, so nothing was received.", "The events are sent later; nothing is used up.", "Check the network of this machine if it lasts."}
	case capi.Acknowledged:
		return triple{"Meta accepted every event of the request.", "None of them is sent again.", nothingToDo}
	case capi.InvalidEvent:
		return triple{"Meta refused the whole request for at least one of its events.", "The bad event is searched out; the others are sent.", nothingToDo}
	case capi.TooLarge:
		return triple{"The request held too many events or bytes.", "It is split and sent in parts.", nothingToDo}
	case capi.Throttled:
		return triple{"Meta asked to wait.", "The events wait as long as Meta says; no attempt is spent.", nothingToDo}
	case capi.Stopped:
		return triple{"Token, permission, configuration or policy refuse everything for this dataset.", "Sending to the dataset stops until a probe passes; its events stay pending.", "`capibara status` says what to do."}
	}
	return triple{}
}

// explainedTroubles are the classes of a circuit that are not a class of Meta's errors.
func explainedTroubles() []Explanation {
	var all []Explanation
	for _, t := range []struct {
		name string
		triple
	}{
		{"unreachable", triple{"Meta cannot be reached from this machine, and nothing was sent.", "Sending is tried again soon; events stay pending until their deadlines.", "Check the network, the proxy (HTTPS_PROXY) and the firewall of this machine if it lasts."}},
		{"unknown_fate", triple{"It is unknown whether Meta received the last request.", "Nothing more is sent before the dataset answers a probe; then the same bytes are sent again.", "Nothing, unless it lasts for hours."}},
		{"clock_skew", triple{"The clock of this machine and Meta's differ by more than five minutes.", "Nothing is sent and nothing expires, because both go by the clock.", "Set the clock right, best by NTP."}},
	} {
		all = append(all, Explanation{Kind: "class", Name: t.name, Known: true, Cause: t.cause, Program: t.program, Person: t.person})
	}
	return all
}

// explainedStatuses are the HTTP statuses that say something without a code of Meta's.
func explainedStatuses() []Explanation {
	var all []Explanation
	for _, s := range []struct {
		status int
		class  capi.Class
		cause  string
	}{
		{http.StatusRequestEntityTooLarge, capi.ClassInvalidRequest, "The request is too large for Meta, or for a proxy in between."},
		{http.StatusTooManyRequests, capi.ClassThrottle, "Too many requests, said without a code of Meta's."},
		{http.StatusInternalServerError, capi.ClassTransient, "Something failed at Meta or in between. The request may have been received."},
		{http.StatusBadGateway, capi.ClassTransient, "A proxy got no proper answer from Meta. The request may have been received."},
		{http.StatusServiceUnavailable, capi.ClassTransient, "Meta or a proxy cannot answer just now. The request may have been received."},
		{http.StatusGatewayTimeout, capi.ClassTransient, "A proxy got no answer from Meta in time. The request may have been received."},
	} {
		c := capi.Classes()[s.class]
		all = append(all, Explanation{Kind: "http_status", Name: "http_" + strconv.Itoa(s.status), Known: true, Code: s.status, Class: s.class.String(),
			Cause: s.cause, Program: c.Program, Person: c.Person})
	}
	return all
}
