// Package bolt keeps the outbox in one bbolt file. It is the only package that knows bbolt.
//
// The bucket tree. Every value starts with a CRC-32C over its key and the rest of it, because bbolt has none: a flipped
// bit on the disk is found, never sent. Numbers in keys are big-endian; in values they are varints unless noted.
//
//	meta       schema, id, created, seq (last row number), audit (number and hash of the last entry), endpoint (what
//	           requests go to, and since when), halts (how often other rows were halted), witnessed (a home keeps a witness
//	           of it), removed (how far the retention has come), retired (where it was moved to, by whom and when), restored (by whom and when, until it is adopted),
//	           configured (SHA-256 of the configuration in force)
//	names      kind 0 text       → number;  kind 1 number → text. Kinds: datasets, event names, reasons
//	files      file              → name, source, SHA-256, counts, state, times, extents of row numbers; receipt and mended
//	                               file, where there is one; events that it brought in, and what they are worth
//	file_sha   SHA-256 file      → nothing
//	mappings   SHA-256           → the text of a mapping, once however many files were read with it
//	fates      file first-record → a run of consecutive records with one fate and reason
//	rejects    file record       → line, reason, column, record key of a rejected record; no other value of it
//	rows       seq               → file, record, line, times, event_id, record key, warnings, payload. Append-only, but that a row
//	                               can be emptied: since schema 4 why, the SHA-256 of the JSON that it made, and what is kept of
//	                               the payload
//	ids        event_id 0 dataset(2) name(4) → seq, fingerprint. Finds duplicates; a prefix scan finds an event_id. With
//	           seq(8) behind it: a row that another one replaced. So every row has one entry
//	ids_new    the same          the youngest entries of ids, on their way there; see ids_merge.go
//	blocks     block             → 500 cells of 8 bytes: state, flags, dataset, batch; states present, span of event_time
//	deadlines  block             → 500 deadlines of 8 bytes. One changes only when its row is requeued
//	pending    dataset(2) earliest-deadline block → number of pending rows of the dataset in the block, and of those that
//	                               came in halted
//	refusals   seq               → reason, code and subcode of a rejected event
//	conflicts  seq fingerprint   → file, line, record, time of the first record that disagreed with this content; since schema
//	                               3 also how it disagreed, and its amount, currency and event_time
//	batches    batch             → dataset, state, attempts, row numbers, children; since schema 4 the proofs of its bodies, when
//	                               a row of it was emptied
//	open       dataset(2) batch  → nothing; the batches that await an end
//	counts     dataset(2) state  → number of events; state 128 counts the acknowledged ones that an earlier attempt may have
//	                               brought already, 64 and a state those that were in it when the retention removed them
//	circuits   dataset(2)        → why and until when a dataset is not sent to
//	live       dataset(2)        → who allowed sending to it, and when
//	runs       schedule          → its last run
//	people     SHA-256           → identifiers of a person, file and time that they are from; the key is one of
//	                               store.NewPerson. Made when it is first needed, so that it may be missing
//	decisions  seq entry         → what a person or a record decided about an event, beside the entry of the audit log
//	halts      kind source file  → why, and since when, what is named there is not sent
//	retracted  as in ids, file   → a refund whose order is not here yet: line, record, time, amount and currency
//	suppressions  sum            → when it came in: keyed sums of identifiers of people who were erased. The key is not here
//	unfinished block             → which of its rows could not be emptied when they were due, one bit each
//	audit      entry             → time, kind, detail, hash of the entry before
//
// A row changes only when it is emptied: what happens to it lives in its cell. So a batch of a thousand rows rewrites a few blocks and
// not a thousand rows, and an import appends. Rows are numbered from 1; block n holds the rows from 500n+1 on.
// The retention removes rows, batches and files from the front, and their numbers are never used again; a block goes with its last row.
package bolt
