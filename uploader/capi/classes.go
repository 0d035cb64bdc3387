package capi

// ClassEntry explains a class of errors.
type ClassEntry struct {
	Class   Class
	Cause   string
	Program string
	Person  string
}

// Classes explains every class, in their order.
func Classes() []ClassEntry {
	return []ClassEntry{
		{ClassUnknown, "Meta answered with a code that this program does not know, or something in between answered for Meta.",
			"What an unknown code says about the events is unknown: the dataset is probed, and the same bytes are sent again at most twice, within 36 hours. After that the events are held for a person; none is dropped.",
			"Look the code up at https://developers.facebook.com/docs/graph-api/guides/error-handling, and give Meta's support the fbtrace_id."},
		{ClassThrottle, "Meta asks to wait, because there were too many calls. It says so by codes 4, 17, 32, 341, 613 and 80000 to 80014, by HTTP 429, and ahead of time by the share of the limit that is used up.",
			doWait + " From 80 % of a limit on this program slows down, and from 95 % on it waits before Meta says stop.", "Nothing, unless it happens daily: then ask what else uses the app or the account."},
		{ClassTransient, "The network failed, or Meta did for a moment.",
			"What did not leave is sent again after a while, as often as it takes. If the request may have arrived: " + lower(doUnknown), askNothing},
		{ClassCredentials, "The access token does not work, or there is none.", doStop, "Put a working access token in place with `capibara token set`, then run `capibara check`."},
		{ClassPermission, "The access token works, but not for this dataset.", doStop,
			"Give the system user access to the dataset in Business settings, then run `capibara check`."},
		{ClassConfiguration, "The dataset id, the Graph version or the address is wrong, or Meta refuses the call as such.", doStop,
			"Compare the dataset id and graph.version in the configuration with Events Manager, then run `capibara check`."},
		{ClassPolicy, "Meta blocked the account or the app because of its policies.", doPause,
			"Open Account Quality (https://www.facebook.com/accountquality) and follow what it says."},
		{ClassInvalidEvent, "At least one event of a request is wrong, and Meta refused the whole request for it.", doIsolate,
			"Read the reason at the event with `capibara show event`, mend the record at its source, and import it again."},
		{ClassInvalidRequest, "The request holds too many events or too many bytes.", "The request is split and sent in parts; nothing is lost.",
			"Nothing; a smaller upload.batch_events avoids it."},
	}
}

// lower makes a sentence go on after a colon.
func lower(sentence string) string { return string(sentence[0]|0x20) + sentence[1:] }
