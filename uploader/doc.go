// Package uploader makes pending events acknowledged ones. It has one job: a pass ([Uploader.Upload]) plans batches,
// journals the intent to send each, sends it, and settles what follows from the answer. It never reads a file of records
// and never decides what Meta's codes mean; package capi does.
//
// # One attempt
//
// Plan → build the body and its hash → Begin (the intent is on disk) → send → Settle. A crash between Begin and Settle
// leaves a batch whose fate is unknown, and [Uploader.Recover] finds it. Uncertainty belongs to a batch: it is sent again
// only as itself, byte for byte, after a probe has shown that the dataset answers; at most three attempts that may have
// arrived, inside [Config.ResendWindow]; then it is held for a person. When a newer version of this program would write
// other bytes, the batch is held at once.
//
// # One bad event
//
// Meta refuses a whole request for one bad event. The batch is then split, with Meta's hints if it gave any, else in
// halves; the parts are stored as batches of their own, so that a restart goes on where it was. Both parts of a split are
// sent before either is split further, and the largest first: a good part is found as early as can be. An event is
// rejected only after another request of the same bisection was acknowledged, or, for a batch that was one event from the
// start, after a probe has passed. When every part is refused, or [maxSuspects] events one by one and nothing was
// acknowledged, the mapping or the account is wrong and not the events: all are released and the circuit opens.
//
// # Many bad events of one source
//
// More than [maxBad] refused events of one source in one batch, or in a pass in which nothing of it was acknowledged, look like
// a wrong mapping: the source is halted until somebody allows it or its mapping changes, what of it never may have arrived goes
// back to pending, and the other sources go on. See isolation.go.
//
// # When nothing can be sent
//
// A circuit stops one dataset and leaves the others alone. It burns nothing: its events stay pending until their
// deadlines. After a failure the dataset is tried with a single batch until one is answered well. A pass waits out
// short delays, up to [Config.Patience] without progress, so that a pass started by hand ends in sensible time; what
// takes longer is left to the next pass.
//
// # Before Meta says stop
//
// Every answer may tell how much of Meta's limits is used up. From 80 % on a lane sends one request at a time with a pause
// between them that grows from one to fifteen seconds; from 95 % on, or when Meta names a time to wait, it stops as if it
// had been throttled, for as long as Meta says or else some minutes, longer each time. See pace.go.
//
// # Clocks
//
// A wrong clock would send what is too old and expire what is not. Rows are expired only in a pass in which an answer's
// Date header agreed with the local clock (or an endpoint answered without one); when they differ by more than five
// minutes, the dataset's circuit opens and nothing is judged by time.
//
// # What must not wait
//
// [Uploader.Urgent] says that events would be too old by the next scheduled pass; the schedule asks it every minute. A pass
// tells what expired, what it was worth, and what kept it from being sent.
package uploader
