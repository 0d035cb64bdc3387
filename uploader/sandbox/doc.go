// Package sandbox stands in for the events edge of Meta's Graph API: as strict as Meta is, and hostile on request. It
// serves rehearsals, demonstrations and tests.
//
// A [Sandbox] is an http.Handler and an http.RoundTripper; the latter needs no listener, so it works inside a
// testing/synctest bubble, and calls the hooks of net/http/httptrace as a real transport would.
//
// It shares no code with the client, the event domain or the uploader, and reads JSON with a parser of its own: a
// mistake there must not be repeated here and so go unseen.
//
// # What it checks
//
// POST /{version}/{dataset}/events with the token in the Authorization header (or in the body's access_token). A token in
// the URL is refused, as it would end up in logs. data holds 1 to 1,000 events, and one invalid event refuses the whole
// request with HTTP 400, mostly without a word on which one. Where Meta's documentation leaves a choice, the stricter
// reading holds: duplicate members of an object, unknown members of user_data, numbers written as texts and invalid
// UTF-8 are refused; unknown members of an event are not, since Meta ignores them. An event may be 60 seconds ahead.
// With Config.AppSecret every request must carry the proof of it, as an app at Meta can demand. Titles come in several
// languages, and every answer has an fbtrace_id.
//
// # What it counts
//
// An event is accepted when a request that holds it was taken, whether or not the client ever learned so. Repeats are
// accepted too, as Meta takes them, and counted as duplicates by dataset, event_id and event_name.
//
// An event that comes with a test_event_code is accepted like any other, because Meta does not drop it either; it is counted
// as tested besides, and a Seen shows the code.
//
// # Control
//
//	POST /_sandbox/faults {"next":["500","cut_after"]}   the next requests meet these faults, in this order, probes included
//	POST /_sandbox/usage {"percent":85,"regain_minutes":0}   what the usage headers of every answer tell from now on
//	GET  /_sandbox/stats                                 a Stats
//	GET  /_sandbox/events?event_id=X                     {"items":[Seen…],"next":null}
//	GET  /_sandbox/events[?after=N]                      the same for event ids that came more than once, a page of 1,000 at a time
package sandbox
