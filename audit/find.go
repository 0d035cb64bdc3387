package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"capibara/store"
)

// A search from the one box is answered while somebody waits for a page, so that it goes on for so long at the most.
const (
	findTime       = 3 * time.Second
	findPersonTime = 15 * time.Second // nothing leads on from there but a command
)

// Of files and batches a search from the one box shows so many. A part of a file's name is looked for from so many letters on.
const (
	maxFound     = 20
	findPage     = 100 // events a page
	leastOfAName = 4
)

// Find looks for what somebody typed who need not say what it is: an event_id, a record key or one of its columns, an order_id,
// the number of a batch or a file ("batch 12" is one alone), the name of a file or a part of it, its SHA-256, an fbtrace_id, an
// e-mail address, a telephone number with its country code, or the SHA-256 of either. A person is looked for by hashes alone, and
// who asks keeps a record of it: Found.PersonKinds says of what. What takes too long ends, and Found.Unfinished says so.
func (r *Reader) Find(ctx context.Context, typed string) (Found, error) {
	typed = strings.TrimSpace(typed)
	f := Found{Events: List[Event]{Items: []Event{}}, Batches: []Batch{}, Files: []File{}, Records: []RejectedRecord{}, As: []string{}, Unfinished: []string{}}
	if typed == "" {
		return f, nil
	}
	what, number := numbered(typed)
	if number != 0 && what != "file" {
		if err := r.findBatch(ctx, &f, number); err != nil {
			return f, err
		}
	}
	if number != 0 && what != "batch" {
		if err := r.findFile(ctx, &f, number); err != nil {
			return f, err
		}
	}
	if what != "" {
		return f, nil
	}
	looks := []func(context.Context, *Found, string) error{r.findTrace, r.findFiles, r.findEvents, r.findRejected}
	if q, as := asPerson(typed); as != "" {
		f.kinds, f.As = q.PersonKinds(), []string{as}
		if err := r.findPerson(ctx, &f, q); err != nil || len(f.Events.Items) > 0 || !f.finished() {
			return f, err
		}
		looks = looks[1:] // it may be an order's or a file's all the same
	}
	for _, look := range looks {
		if err := look(ctx, &f, typed); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *Found) finished() bool { return len(f.Unfinished) == 0 }

// PersonKinds says by which kinds of identifiers a person was looked for, as Query.PersonKinds does; "" when nobody was.
func (f *Found) PersonKinds() string { return f.kinds }

// numbered reads "12", "batch 12" and "file 12".
func numbered(typed string) (what string, n uint64) {
	for _, prefix := range []string{"batch", "file"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(typed), prefix+" "); ok {
			if n, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 64); err == nil {
				return prefix, n
			}
		}
	}
	n, err := strconv.ParseUint(typed, 10, 64)
	if err != nil {
		return "", 0
	}
	return "", n
}

// isSum reports whether what was typed is a SHA-256 in hex.
func isSum(typed string) bool {
	b, err := hex.DecodeString(typed)
	return err == nil && len(b) == 32
}

// asPerson is the query for a person when what was typed looks like an e-mail address, a telephone number with its country code,
// or the hash of an identifier, and what it looks like.
func asPerson(typed string) (q Query, as string) {
	digits := 0
	for _, c := range typed {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	switch {
	case isSum(typed):
		q, as = Query{Email: typed, Phone: typed, ExternalID: typed}, "a hash of an e-mail address, a telephone number or an external id"
	case strings.Contains(typed, "@"):
		q, as = Query{Email: typed}, "an e-mail address"
	case digits >= 8 && (strings.HasPrefix(typed, "+") || strings.HasPrefix(typed, "00")):
		q, as = Query{Phone: typed}, "a telephone number"
	}
	if as == "" || q.Check(false) != nil {
		return Query{}, ""
	}
	return q, as
}

func (r *Reader) findBatch(ctx context.Context, f *Found, n uint64) error {
	b, err := r.store.Batch(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return looked("batch", n, err)
	}
	f.Batches = append(f.Batches, r.batch(b))
	return nil
}

func (r *Reader) findFile(ctx context.Context, f *Found, n uint64) error {
	file, err := r.store.File(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return looked("file", n, err)
	}
	f.Files = append(f.Files, r.file(file))
	return nil
}

// findPerson looks through all events.
func (r *Reader) findPerson(ctx context.Context, f *Found, q Query) error {
	filter, err := r.read(q, false)
	if err != nil {
		return err
	}
	whole, err := findSome(ctx, findPersonTime, filter, findPage, r.store.Events, r.adding(f), &f.Events.Next)
	if err == nil && !whole {
		f.Unfinished = append(f.Unfinished, "Not every event was looked at for this person: `capibara history events --email -` goes through all of them.")
	}
	return err
}

// findTrace looks for an fbtrace_id among the answers of all batches.
func (r *Reader) findTrace(ctx context.Context, f *Found, typed string) error {
	whole, err := findSome(ctx, findTime, store.Filter{FBTraceID: typed}, maxFound, r.store.Batches, func(b store.Batch) bool {
		f.Batches = append(f.Batches, r.batch(b))
		return true
	}, nil)
	if err == nil && !whole {
		f.Unfinished = append(f.Unfinished, "Not every batch was looked at for this fbtrace_id: `capibara history batches --fbtrace-id` goes through all of them.")
	}
	return err
}

// findFiles looks for files with this name, or a part of it, or this SHA-256.
func (r *Reader) findFiles(ctx context.Context, f *Found, typed string) error {
	name, part := strings.ToLower(typed), utf8.RuneCountInString(typed) >= leastOfAName
	whole, err := findSome(ctx, findTime, store.Filter{}, maxFound, r.store.Files, func(file store.File) bool {
		has := strings.ToLower(file.Name)
		if has != name && !(part && strings.Contains(has, name)) && hex.EncodeToString(file.SHA256[:]) != name {
			return false
		}
		f.Files = append(f.Files, r.file(file))
		return true
	}, nil)
	if err == nil && !whole {
		f.Unfinished = append(f.Unfinished, "Not every file was looked at: `capibara history files --file` takes the whole name.")
	}
	return err
}

// findEvents looks for events by their event_id, which is quick, and else by record key and order_id, for which rows are read.
func (r *Reader) findEvents(ctx context.Context, f *Found, typed string) error {
	byID, err := r.store.EventsByID(ctx, typed)
	if err != nil {
		return fmt.Errorf("looking for an event: %w", err)
	}
	f.Filter = "event_id"
	for _, e := range byID {
		f.Events.Items = append(f.Events.Items, r.event(e))
	}
	if len(byID) > 0 {
		return nil
	}
	f.Filter = "key"
	whole, err := findSome(ctx, findTime, store.Filter{Key: typed}, findPage, r.store.Events, r.adding(f), &f.Events.Next)
	if err == nil && !whole {
		f.Unfinished = append(f.Unfinished, "Not every event was looked at for this record key or order_id; the list goes on with the older ones.")
	}
	return err
}

// findRejected looks for rejected records by their record key.
func (r *Reader) findRejected(ctx context.Context, f *Found, typed string) error {
	whole, err := findSome(ctx, findTime, store.Filter{RecordKey: typed}, findPage, r.store.Rejected, func(e store.RejectEntry) bool {
		f.Records = append(f.Records, r.rejectedRecord(e))
		return true
	}, nil)
	if err == nil && !whole {
		f.Unfinished = append(f.Unfinished, "Not every rejected record was looked at: `capibara history events --record-key` goes through all of them.")
	}
	return err
}

// adding adds an event to what was found.
func (r *Reader) adding(f *Found) func(store.EventEntry) bool {
	return func(e store.EventEntry) bool {
		f.Events.Items = append(f.Events.Items, r.event(e))
		return true
	}
}

// findSome reads pages until found took in as many entries as are wanted, all were looked at, or the time is over: then it is not
// whole. next, unless it is nil, becomes the cursor of where it goes on.
func findSome[T any](ctx context.Context, most time.Duration, f store.Filter, wanted int,
	read func(context.Context, store.Filter) (store.Page[T], error), found func(T) bool, next **string) (whole bool, err error) {
	for began := time.Now(); ; {
		f.Limit = max(wanted, findPage)
		if next != nil {
			f.Limit = wanted // what is behind the cursor must not be lost
		}
		page, err := read(ctx, f)
		if err != nil {
			return false, fmt.Errorf("searching: %w", err)
		}
		for i := 0; i < len(page.Items) && wanted > 0; i++ {
			if found(page.Items[i]) {
				wanted--
			}
		}
		if page.Next == "" {
			return true, nil
		}
		if over := time.Since(began) > most; over || wanted == 0 {
			if next != nil {
				*next = &page.Next
			}
			return !over, nil
		}
		f.Cursor = page.Next
	}
}
