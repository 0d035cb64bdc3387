package audit

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
)

// RejectedRecord is a record that was rejected, so that no event came of it.
type RejectedRecord struct {
	File       uint64     `json:"file"`
	FileName   string     `json:"file_name"`
	Source     string     `json:"source"`
	ImportedAt *time.Time `json:"imported_at"`
	Reject
}

// Event is the record in a list of events, for programs that read one kind of row: without event_id.
func (r *RejectedRecord) Event() Event {
	return Event{State: store.StateRejected.String(), Reason: r.Reason, File: r.File, FileName: r.FileName, Line: r.Line, RecordKey: r.RecordKey,
		ImportedAt: r.ImportedAt}
}

// rejectedRecords are the rejected records that a search of events by record key finds besides. A search by what a rejected record
// does not have, such as an event_time, finds none.
func (r *Reader) rejectedRecords(ctx context.Context, f store.Filter) ([]RejectedRecord, error) {
	only := store.Filter{RecordKey: f.RecordKey, File: f.File, Source: f.Source, Limit: MaxPage}
	if only.RecordKey == "" || f.EventID != "" || f.OrderID != "" || f.Key != "" || f.EventName != "" || f.Dataset != "" || f.Batch != 0 || f.Changed ||
		len(f.Person) > 0 || len(f.PersonPlain) > 0 || !f.Since.IsZero() || !f.Until.IsZero() || f.State != 0 && f.State != store.StateRejected {
		return nil, nil
	}
	page, err := collect(ctx, only, r.store.Rejected, r.rejectedRecord)
	if err != nil {
		return nil, fmt.Errorf("looking for rejected records: %w", err)
	}
	return page.Items, nil
}

func (r *Reader) rejectedRecord(e store.RejectEntry) RejectedRecord {
	return RejectedRecord{File: e.File, FileName: e.FileName, Source: e.Source, ImportedAt: r.instant(e.ImportedAt), Reject: rejectOf(e.Reject)}
}
