package web

import (
	"net/http"
	"net/url"
	"strconv"

	"capibara/audit"
	"capibara/store"
)

// batchView is the page about a batch, with a page of its events.
type batchView struct {
	audit.Batch
	Explanation string
	Files       []audit.BatchFile

	List   []audit.Event
	First  bool
	Newest string
	Older  string
}

func (s *Site) batchPage(w http.ResponseWriter, r *http.Request) {
	n, ok := s.numberOf(w, r, "batch")
	if !ok {
		return
	}
	number := strconv.FormatUint(n, 10)
	cursor := r.URL.Query().Get("cursor")
	story, err := s.ledger.ShowBatch(r.Context(), n)
	var events audit.List[audit.Event]
	if err == nil {
		events, err = s.ledger.Events(r.Context(), audit.Query{Batch: number, Cursor: cursor, Limit: pageLimit})
	}
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := batchView{Batch: story.Batch, Explanation: story.Explanation, Files: story.Files, List: events.Items, First: cursor == "", Newest: r.URL.Path}
	if events.Next != nil {
		v.Older = pathWith(r.URL.Path, url.Values{"cursor": {*events.Next}})
	}
	s.show(w, r, http.StatusOK, "batch.html", view{Title: "Batch " + number, Nav: "/batches", Content: v})
}

// fileView is the page about an import.
type fileView struct {
	audit.FileStory
	Busy  bool
	Fates []fateCount
}

// Tone is good only when nobody has to mend anything.
func (v fileView) Tone() string {
	if v.State == store.FileImported.String() && v.Counts.Rejected > 0 && len(v.MendedBy) == 0 {
		return "mend"
	}
	return fileState(v.State).Tone
}

// Refused reports whether nothing of the file was imported.
func (v fileView) Refused() bool { return v.State == store.FileRefused.String() }

// NoEvents reports whether no event came of it.
func (v fileView) NoEvents() bool { return v.Events.StateCounts == audit.StateCounts{} }

// fileEvents is how many events of a file are in a state, and where they are listed.
type fileEvents struct {
	stateTile
	Path string
}

// Partly reports whether there are more events than were looked at for remarks.
func (v fileView) Partly() bool {
	e := v.Events
	return v.WarningsOf < e.Pending+e.InFlight+e.Acknowledged+e.Rejected+e.Expired+e.Held+e.Withdrawn+e.Erased
}

// States are the states that the events of the file are in.
func (v fileView) States() []fileEvents {
	var all []fileEvents
	for _, t := range stateTiles(v.Events.StateCounts) {
		all = append(all, fileEvents{t, pathWith("/events", url.Values{"file": {strconv.FormatUint(v.FileStory.File.File, 10)}, "state": {t.State}})})
	}
	return all
}

// SomeBatches are the first of the batches that carried its events.
func (v fileView) SomeBatches() []uint64 {
	var numbers []uint64
	for _, b := range v.Events.Batches[:min(len(v.Events.Batches), 20)] {
		numbers = append(numbers, b.Batch)
	}
	return numbers
}

// fateCount is how many records met a fate.
type fateCount struct {
	Fate, Tone, Means string
	Records           uint64
}

func (s *Site) filePage(w http.ResponseWriter, r *http.Request) {
	n, ok := s.numberOf(w, r, "file")
	if !ok {
		return
	}
	story, err := s.ledger.ShowFile(r.Context(), n)
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := fileView{FileStory: story, Busy: story.State == store.FileImporting.String(), Fates: fateCounts(story.Counts)}
	s.show(w, r, http.StatusOK, "file.html", view{Title: "File " + strconv.FormatUint(n, 10), Nav: "/files", Content: v})
}

func fateCounts(c store.FileCounts) []fateCount {
	var all []fateCount
	for _, f := range []struct {
		fate  store.Fate
		n     uint64
		means string
	}{
		{store.FateAccepted, c.Accepted, "gave at least one event that was new"},
		{store.FateDuplicate, c.Duplicate, "were known already; nothing is sent twice"},
		{store.FateConflict, c.Conflict, "disagree with what was imported before; the first content counts"},
		{store.FateExpired, c.Expired, "came too late to be sent"},
		{store.FateSkipped, c.Skipped, "have nothing to send, and nothing to mend"},
		{store.FateRejected, c.Rejected, "can be mended, and are in the rejects file"},
	} {
		all = append(all, fateCount{Fate: f.fate.String(), Tone: fateTone(f.fate.String()), Means: f.means, Records: f.n})
	}
	return all
}
