package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"capibara/audit"
	"capibara/event"
)

// searchView is the page with the one box.
type searchView struct {
	Asked  bool   // something was looked for
	Typed  string // shown again in the box, never in an address
	Found  audit.Found
	All    string        // the address of all events that were found; "" when there are no more, or a person was looked for
	Person []filterField // what asks for the other events of a person by POST; empty for nobody
	Wrong  string        // why what was typed cannot be looked for, a sentence
}

// Nothing reports whether nothing was found.
func (v searchView) Nothing() bool {
	return len(v.Found.Events.Items)+len(v.Found.Records)+len(v.Found.Batches)+len(v.Found.Files) == 0
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
		if found.Filter != "" && !event.LooksPersonal(v.Typed) {
			v.All = pathWith("/events", url.Values{found.Filter: {v.Typed}})
		} else if found.Filter == "" {
			v.Person = personOf(v.Typed)
		}
	}
	s.show(w, r, status, "search.html", view{Title: "Search", Nav: "/search", Content: v})
}

// personOf are the fields that look for the person whom somebody typed: a hash may be that of any identifier.
func personOf(typed string) []filterField {
	names := []string{"phone"}
	if strings.Contains(typed, "@") {
		names = []string{"email"}
	} else if hash, err := hex.DecodeString(typed); err == nil && len(hash) == sha256.Size {
		names = []string{"email", "phone", "external_id"}
	}
	var fields []filterField
	for _, name := range names {
		fields = append(fields, filterField{Name: name, Value: typed})
	}
	return fields
}
