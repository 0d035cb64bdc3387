package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// Of a source so many events are looked at, and at most so many rows of one file to find them.
const (
	coverageEvents = 1000
	coverageLooked = 5000
)

// coverages is which identifiers the newest events of each source carry, and how far the files of a ledger are read for it.
type coverages struct {
	low, high uint64          // files after low, up to high, were read
	begun     bool            // low and high were set
	open      map[uint64]bool // of those read: still being imported
	bySource  map[string]sourceSample
	decoded   event.Event
}

// sourceSample is the newest events of one source.
type sourceSample struct {
	cover    event.Coverage
	files    []uint64 // that they are from, the newest first
	lastFile uint64
	lastAt   time.Time
}

// readSources looks at the files that ended since, and at first at the older ones. last is the number of the newest.
func (d *Daybook) readSources(ctx context.Context, last uint64) error {
	s := &d.sources
	if !s.begun {
		s.low, s.high, s.begun = last, last, true
	}
	for _, n := range slices.Sorted(maps.Keys(s.open)) {
		if err := d.readFile(ctx, n, d.renewed); err != nil {
			return err
		}
	}
	for s.high < last {
		if err := d.readFile(ctx, s.high+1, d.renewed); err != nil {
			return err
		}
		s.high++
	}
	for s.low > 0 {
		if err := d.readFile(ctx, s.low, d.extended); err != nil {
			return err
		}
		s.low--
	}
	return nil
}

// readFile looks at one file.
func (d *Daybook) readFile(ctx context.Context, n uint64, add func(context.Context, *store.File) error) error {
	if err := d.breathe(ctx); err != nil {
		return err
	}
	f, err := d.store.File(ctx, n)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrCorrupt):
		delete(d.sources.open, n)
		return nil
	case err != nil:
		return fmt.Errorf("looking at file %d: %w", n, err)
	case f.State == store.FileImporting:
		d.sources.open[n] = true
		return nil
	}
	if f.State == store.FileImported {
		if err := add(ctx, &f); err != nil {
			return err
		}
	}
	delete(d.sources.open, n)
	return nil
}

// renewed counts the newest events of a source anew, with those of a file that was imported since.
func (d *Daybook) renewed(ctx context.Context, f *store.File) (err error) {
	one, files := sourceSample{lastFile: f.Number, lastAt: f.StartedAt}, []uint64{f.Number}
	if before, ok := d.sources.bySource[f.Source]; ok {
		files = append(files, before.files...)
		slices.SortFunc(files, func(a, b uint64) int { return cmp.Compare(b, a) })
		if before.lastFile > one.lastFile {
			one.lastFile, one.lastAt = before.lastFile, before.lastAt
		}
	}
	for _, n := range files {
		if one, err = d.sample(ctx, one, n); err != nil {
			return err
		}
	}
	d.sources.bySource[f.Source] = one
	return nil
}

// extended adds the events of a file that is older than those that were looked at.
func (d *Daybook) extended(ctx context.Context, f *store.File) error {
	one, ok := d.sources.bySource[f.Source]
	if !ok {
		one = sourceSample{lastFile: f.Number, lastAt: f.StartedAt}
	}
	one, err := d.sample(ctx, one, f.Number)
	if err == nil {
		d.sources.bySource[f.Source] = one
	}
	return err
}

// sample adds the newest events of a file, as many as there is room for. Those whose content was taken out tell nothing.
func (d *Daybook) sample(ctx context.Context, one sourceSample, file uint64) (sourceSample, error) {
	f, before := store.Filter{File: file}, one.cover.Events()
	for looked := 0; one.cover.Events() < coverageEvents && looked < coverageLooked; {
		f.Limit = coverageEvents - int(one.cover.Events())
		page, err := d.store.Events(ctx, f)
		if err != nil {
			return one, fmt.Errorf("looking at the events of file %d: %w", file, err)
		}
		for i := range page.Items {
			e := &page.Items[i]
			if !e.Damaged && e.Emptied == store.NotEmptied && d.sources.decoded.DecodeBinary(e.Payload) == nil {
				one.cover.Add(&d.sources.decoded.User)
			}
		}
		looked += len(page.Items)
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if one.cover.Events() > before {
		one.files = append(slices.Clone(one.files), file)
	}
	return one, nil
}

// shaped is what to show, by name. A source of which no event is there, such as one of people, has nothing to tell.
func (s *coverages) shaped() []SourceCoverage {
	out := []SourceCoverage{}
	for _, name := range slices.Sorted(maps.Keys(s.bySource)) {
		one := s.bySource[name]
		if one.cover.Events() == 0 {
			continue
		}
		c := SourceCoverage{Source: name, Events: one.cover.Events(), Quality: one.cover.Mean(), Keys: []KeyShare{}, LastFile: one.lastFile}
		at := one.lastAt
		c.LastAt = &at
		for _, k := range event.Keys() {
			if n := one.cover.With(k); n > 0 {
				c.Keys = append(c.Keys, KeyShare{Key: k.String(), Label: keyLabel(k), Events: n})
			}
		}
		slices.SortStableFunc(c.Keys, func(a, b KeyShare) int { return cmp.Compare(b.Events, a.Events) })
		out = append(out, c)
	}
	return out
}

// keyLabel is an identifier in words.
func keyLabel(k event.Key) string {
	switch k {
	case event.Email:
		return "e-mail address"
	case event.Phone:
		return "telephone number"
	case event.FirstName:
		return "first name"
	case event.LastName:
		return "last name"
	case event.Birth:
		return "date of birth"
	case event.Gender:
		return "gender"
	case event.City:
		return "city"
	case event.State:
		return "state or province"
	case event.Zip:
		return "postal code"
	case event.Country:
		return "country"
	case event.ExternalID:
		return "customer number (external_id)"
	case event.ClientIP:
		return "IP address"
	case event.UserAgent:
		return "browser"
	case event.FBC:
		return "click on an ad (fbc)"
	case event.FBP:
		return "browser id (fbp)"
	case event.SubscriptionID:
		return "subscription id"
	case event.FBLoginID:
		return "Facebook login id"
	case event.LeadID:
		return "Meta's lead id"
	case event.MADID:
		return "mobile advertiser id"
	case event.PageID:
		return "page id"
	case event.PageScopedID:
		return "page-scoped user id"
	case event.CTWAClickID:
		return "click on a WhatsApp ad"
	case event.IGAccountID:
		return "Instagram account id"
	case event.IGSID:
		return "Instagram-scoped id"
	}
	return k.String()
}
