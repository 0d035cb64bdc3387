// Package capi sends one request to the events edge of Meta's Graph API and says exactly what is known about its fate.
//
// It has one job: [Client.Send] makes one HTTP attempt and returns an [Outcome], whose [End] tells what may follow. It
// keeps no state between requests, repeats nothing that may have arrived, and reads no file. An error is classified
// here, once; nobody above looks at codes or statuses again.
//
// # What decides
//
// Meta sends nearly every refusal, throttling included, as HTTP 400 with a JSON error, and may send an error with HTTP
// 200. Titles and messages arrive in the language of the token's owner. Therefore code, error_subcode, is_transient
// and the HTTP status decide, never a text (https://developers.facebook.com/docs/graph-api/guides/error-handling). In one
// case error.type does, which is no text for people: code 100 without a subcode is a bad parameter, but as a
// GraphMethodException it is a call that was refused before anybody looked at an event, for instance without the proof of
// an app secret.
//
// A success is a 2xx status, no error member, and events_received equal to the number of events sent; fewer events
// received is an unknown fate, not a partial success
// (https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api).
//
// # What was sent
//
// A request that failed without an answer is either [NotSent] or [Unknown]. It is NotSent only by proof: the transport
// did not take the last byte of the body, or said that writing it failed. A server cannot act on half a JSON document
// whose Content-Length is not reached. Everything else is Unknown.
//
// net/http repeats a POST in one case alone: a kept-alive connection turned out to be closed before a single byte was
// written to it. That is proof too, so it is left on; it needs Request.GetBody. An Idempotency-Key header would make
// net/http repeat a POST that may have arrived, so none is sent.
//
// # The token
//
// It travels in the Authorization header. It is never in a URL, and every text that leaves this package is scrubbed of
// it, since Meta repeats a malformed token in its message. An app secret never travels; its proof is the last member of
// the body, behind data, whose bytes stay what they are.
package capi
