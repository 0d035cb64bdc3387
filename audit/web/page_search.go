package web

import (
	"net/http"
	"net/url"
	"strings"

	"capibara/audit"
)

// searchView is the page with the one box.
type searchView struct {
	Asked bool   // something was looked for
	Typed string // shown again in the box, never in an address
	Found audit.Found
	All   string // the address of all events that were found; "" when there are no more, or a person was looked for
	Email string // the person whose other events are asked for by POST; "" for none
	Wrong string // why what was typed cannot be looked for, a sentence
}

// Nothing reports whether nothing was found.
func (v searchView) Nothing() bool {
	return len(v.Found.Events.Items)+len(v.Found.Batches)+len(v.Found.Files) == 0
}

func (s *Site) searchPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "search.html", view{Title: "Search", Nav: "/search", Content: searchView{}})
}

// foundPage answers with what was found. What was typed came in the body, because it may be somebody's address.
func (s *Site) foundPage(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	v := searchView{Typed: strings.TrimSpace(r.PostForm.Get("find"))}
	if v.Typed == "" {
		s.show(w, r, http.StatusOK, "search.html", view{Title: "Search", Nav: "/search", Content: v})
		return
	}
	v.Asked = true
	found, err := s.ledger.Find(r.Context(), v.Typed)
	status := http.StatusOK
	if err != nil {
		wrong := usageReason(err)
		if wrong == "" {
			s.unanswered(w, r, err)
			return
		}
		v.Wrong, status = wrong, http.StatusBadRequest
	}
	v.Found = found
	if found.Events.Next != nil {
		switch {
		case found.Filter != "":
			v.All = pathWith("/events", url.Values{found.Filter: {v.Typed}})
		case strings.Contains(v.Typed, "@"):
			v.Email = v.Typed
		}
	}
	s.show(w, r, status, "search.html", view{Title: "Search", Nav: "/search", Content: v})
}
