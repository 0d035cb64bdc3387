package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"capibara/audit"
	"capibara/store"
)

// actView is a page on which something is confirmed before it is done.
type actView struct {
	Headline  string
	Sentences []string
	Action    string // where the form is sent
	Button    string
	Hidden    []filterField
}

// doneView says what was done.
type doneView struct {
	Headline, Sentence string
}

// mayAct lets operators through, and tells others what they need.
func (s *Site) mayAct(w http.ResponseWriter, r *http.Request) bool {
	if visitor(r).Role == Operator {
		return true
	}
	s.trouble(w, r, trouble{Status: http.StatusForbidden, Headline: "Only an operator may do that.",
		Sentence: "You may look at everything here, and change nothing.", Fix: "Sign in with a token of the role operator. Whoever looks after Capibara makes one."})
	return false
}

func (s *Site) askUploadPage(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(w, r) {
		return
	}
	st, err := s.ledger.Status(r.Context())
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := actView{Headline: "Upload now?", Action: "/upload", Button: "Upload now",
		Sentences: []string{plural(st.Events.Pending, "event waits", "events wait") + " to be sent. What is halted, or belongs to a dataset that is not live or is stopped, goes on waiting."}}
	if st.NextUpload != nil {
		v.Sentences = append(v.Sentences, "Without this the next upload is on "+st.NextUpload.Format("Monday 2 January, 15:04")+".")
	}
	s.show(w, r, http.StatusOK, "act.html", view{Title: "Upload now?", Nav: "/", Content: v})
}

func (s *Site) uploadPage(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(w, r) {
		return
	}
	if err := s.ledger.Upload(r.Context(), visitor(r).Name); err != nil {
		s.unanswered(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "done.html", view{Title: "Uploading", Nav: "/", Content: doneView{"The upload begins.",
		"The overview shows what comes of it, and the batches show what Meta answers."}})
}

// haltOf reads what is to be allowed. ok is false when an answer was given.
func (s *Site) haltOf(w http.ResponseWriter, r *http.Request, get func(string) string) (k store.HaltKey, ok bool) {
	file, err := strconv.ParseUint(get("file"), 10, 64)
	switch kind := get("kind"); {
	case kind == "source" && get("source") != "":
		return store.HaltKey{Kind: store.HaltSource, Source: get("source")}, true
	case kind == "file" && err == nil && file > 0:
		return store.HaltKey{Kind: store.HaltFile, File: file}, true
	case kind == "events" && err == nil && file > 0:
		return store.HaltKey{Kind: store.HaltEvents, File: file}, true
	}
	s.trouble(w, r, trouble{Status: http.StatusBadRequest, Sentence: "This names nothing that is halted.", Fix: "Start from the overview, which lists what is."})
	return k, false
}

// askAllowPage shows what is halted and why, before somebody allows it.
func (s *Site) askAllowPage(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(w, r) {
		return
	}
	k, ok := s.haltOf(w, r, r.URL.Query().Get)
	if !ok {
		return
	}
	st, err := s.ledger.Status(r.Context())
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	for _, h := range st.Halts {
		if !names(h, k) {
			continue
		}
		v := actView{Headline: "Let go what is halted?", Action: "/allow", Button: "Let " + map[bool]string{true: "it", false: "them"}[h.Events == 1] + " go",
			Hidden: []filterField{{Name: "kind", Value: h.Kind}, {Name: "source", Value: h.Source}, {Name: "file", Value: strconv.FormatUint(h.File, 10)}},
			Sentences: []string{haltWhat(h) + ". " + h.Reason, plural(h.Events, "event waits", "events wait") +
				" for this. The next upload sends what you let go, and nobody can take back what Meta has.",
				"If the file is wrong, whoever looks after Capibara takes it back with `" + h.Withdraw + "`. It is written down who decided."}}
		s.show(w, r, http.StatusOK, "act.html", view{Title: v.Headline, Nav: "/", Content: v})
		return
	}
	s.trouble(w, r, trouble{Status: http.StatusNotFound, Headline: "It is not halted any more.", Sentence: "Somebody let it go or took it back meanwhile."})
}

func (s *Site) allowPage(w http.ResponseWriter, r *http.Request) {
	if !s.mayAct(w, r) {
		return
	}
	if !s.form(w, r) {
		return
	}
	k, ok := s.haltOf(w, r, r.PostForm.Get)
	if !ok {
		return
	}
	n, err := s.ledger.Allow(r.Context(), k, visitor(r).Name)
	if errors.Is(err, store.ErrNotFound) {
		s.trouble(w, r, trouble{Status: http.StatusNotFound, Headline: "It is not halted any more.", Sentence: "Somebody let it go or took it back meanwhile."})
		return
	}
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "done.html", view{Title: "Let go", Nav: "/", Content: doneView{fmt.Sprintf("You let %s go.", plural(n, "event", "events")),
		"The next upload sends what may be sent."}})
}

func names(h audit.HaltStatus, k store.HaltKey) bool {
	switch k.Kind {
	case store.HaltSource:
		return h.Kind == "source" && h.Source == k.Source
	case store.HaltFile:
		return h.Kind == "file" && h.File == k.File
	case store.HaltEvents:
		return h.Kind == "events" && h.File == k.File
	}
	return false
}

// haltWhat says what is halted, a clause.
func haltWhat(h audit.HaltStatus) string {
	switch h.Kind {
	case "file":
		return fmt.Sprintf("File %d (%s) is halted", h.File, h.FileName)
	case "events":
		return fmt.Sprintf("Part of file %d (%s) is halted", h.File, h.FileName)
	}
	return "Source " + h.Source + " is halted"
}
