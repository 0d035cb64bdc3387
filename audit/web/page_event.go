package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
)

// eventView is the page about an event_id, under which there may be several events.
type eventView struct {
	ID      string
	Stories []storyView
}

// storyView is the life of one event.
type storyView struct {
	audit.EventStory
	Life []step
}

// step is something that happened to an event.
type step struct {
	At    *time.Time
	Tone  string
	What  string // a clause, without its full stop
	Notes []string
	File  uint64 // to look at; 0 for none
	Line  uint64
	Batch uint64
	Trace string // fbtrace_id
	Code  string // Meta's, as it is looked up; "" for none
}

func (s *Site) eventPage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if id == "" {
		id = r.URL.Query().Get("id")
	}
	stories, err := s.ledger.ShowEvent(r.Context(), id)
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := eventView{ID: id}
	for _, story := range stories {
		v.Stories = append(v.Stories, storyView{EventStory: story, Life: life(story)})
	}
	s.show(w, r, http.StatusOK, "event.html", view{Title: "Event " + audit.ShownText(id), Nav: "/events", Content: v})
}

// life puts what happened to an event into the order in which it did.
func life(s audit.EventStory) []step {
	steps := []step{{At: s.ImportedAt, Tone: "quiet", What: "Imported", File: s.File, Line: s.Line}}
	for _, w := range s.Warnings {
		steps[0].Notes = append(steps[0].Notes, w.Sentence)
	}
	if o := s.Replaces; o != nil {
		steps[0].Notes = append(steps[0].Notes, fmt.Sprintf("It took the place of the event from file %d, line %d, which was not sent.", o.File, o.Line))
	}
	for _, b := range s.Batches {
		if len(b.Attempts) == 0 {
			steps = append(steps, step{At: b.CreatedAt, Tone: "quiet", What: "Put into a batch of " + plural(b.Events, "event", "events") + " that was not sent yet", Batch: b.Batch})
		}
		for _, a := range b.Attempts {
			steps = append(steps, attempted(b, a))
		}
		if w := b.Resolution; w != nil {
			word := "was not sent"
			if w.Sent {
				word = "was sent"
			}
			steps = append(steps, step{At: w.At, Tone: "way", What: w.By + " said that the batch " + word, Notes: noted(w.Note), Batch: b.Batch})
		}
	}
	for _, c := range s.Conflicts {
		steps = append(steps, step{At: c.At, Tone: "mend", What: disagreement(c, s), File: c.File, Line: c.Line})
	}
	for _, d := range s.Decisions {
		steps = append(steps, step{At: d.At, Tone: "way", What: decided(d.Reason) + " by " + d.By,
			Notes: append(noted(d.Note), fmt.Sprintf("Entry %d of the audit log.", d.Audit))})
	}
	if o := s.ReplacedBy; o != nil {
		steps = append(steps, step{At: o.ImportedAt, Tone: "mend", What: "Another record took its place, so that this one was not sent", File: o.File, Line: o.Line})
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		switch {
		case a.At == nil || b.At == nil:
			return 0
		default:
			return a.At.Compare(*b.At)
		}
	})
	return steps
}

// attempted is one attempt of a batch.
func attempted(b audit.Batch, a audit.Attempt) step {
	end := attemptEnd(a.End)
	one := step{At: a.StartedAt, Tone: end.Tone, Batch: b.Batch, Trace: a.FBTraceID,
		What: fmt.Sprintf("Sent with a batch of %s, attempt %d: %s", plural(b.Events, "event", "events"), a.N, end.Word)}
	if facts := attemptFacts(a); facts != "" {
		one.Notes = append(one.Notes, facts)
	}
	one.Notes = append(one.Notes, attemptAnswers(a)...)
	if a.EndedAt != nil && a.StartedAt != nil && !a.EndedAt.Equal(*a.StartedAt) {
		one.Notes = append(one.Notes, "The attempt ended at "+a.EndedAt.Format("15:04:05")+".")
	}
	if a.Code != 0 {
		one.Code = metaCode(a.Code, a.Subcode)
	}
	if b.State == store.BatchSplit.String() {
		one.What += ", and the batch was split"
	}
	return one
}

// beforeWords is what an error says before Meta's own words: all of it stands beside them.
var beforeWords = regexp.MustCompile(`^Meta's answer \([^)]*\): `)

// attemptAnswers is what Meta, or the way to it, said in words.
func attemptAnswers(a audit.Attempt) []string {
	if a.Error == "" {
		return a.Messages
	}
	return append([]string{beforeWords.ReplaceAllString(a.Error, "")}, a.Messages...)
}

func noted(note string) []string {
	if note == "" {
		return nil
	}
	return []string{note}
}

// attemptFacts is what an answer said in numbers, a line.
func attemptFacts(a audit.Attempt) string {
	var facts []string
	for _, f := range []struct {
		name string
		n    int
	}{{"HTTP", a.HTTPStatus}, {"events_received", a.EventsReceived}, {"code", a.Code}, {"subcode", a.Subcode}} {
		if f.n != 0 {
			facts = append(facts, fmt.Sprintf("%s %d", f.name, f.n))
		}
	}
	return strings.Join(facts, " · ")
}

// disagreement says how a later record disagreed.
func disagreement(c audit.Conflict, s audit.EventStory) string {
	worth := strings.TrimSpace(c.Value + " " + c.Currency)
	other := ""
	if c.Source != s.Source {
		other = " of source " + c.Source
	}
	switch {
	case c.Kind == store.ConflictRefunded.String() && worth != "":
		return "A later record" + other + " gave " + worth + " back; the event stays as it is"
	case c.Kind == store.ConflictRefunded.String():
		return "A later record" + other + " gave all of it back; the event stays as it is"
	case c.Kind == store.ConflictUnqualified.String():
		return "A later record" + other + " says that it no longer qualifies; the event stays as it is"
	case worth != "":
		return "A later record" + other + " says " + worth + "; the first content counts"
	}
	return "A later record" + other + " disagreed; the first content counts"
}

// decided is what was decided, in a word or two.
func decided(reason string) string {
	switch event.Reason(reason) {
	case event.ReasonWithdrawn, event.ReasonNoLongerQualified, event.ReasonRefunded:
		return "Withdrawn"
	case event.ReasonErased:
		return "Its content was erased"
	case event.ReasonRequeued:
		return "Requeued"
	case event.ReasonResolvedSent:
		return "Declared sent"
	case event.ReasonResolvedNotSent:
		return "Said not to be sent"
	}
	return "Decided (" + strings.ReplaceAll(reason, "_", " ") + ")"
}
