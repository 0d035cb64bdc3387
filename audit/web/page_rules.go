package web

import (
	"errors"
	"net/http"
	"strings"

	"capibara/audit"
)

// rulesView is the page about what holds: sources, states, errors and reasons.
type rulesView struct {
	audit.Rules
	Groups  []explained
	Asked   string // what somebody wants explained; "" for nothing
	Answers []audit.Explanation
}

// explained are explanations of one kind.
type explained struct {
	ID, Title, Lead string
	Names           string // the head of the column of names
	Open            bool
	List            []audit.Explanation
}

func (s *Site) rulesPage(w http.ResponseWriter, r *http.Request) {
	rules, err := s.ledger.Rules(r.Context())
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := rulesView{Rules: rules, Asked: strings.TrimSpace(r.URL.Query().Get("explain")), Groups: explainedGroups()}
	if v.Asked != "" {
		v.Answers = audit.Explain(v.Asked)
	}
	s.show(w, r, http.StatusOK, "rules.html", view{Title: "Rules", Nav: "/rules", Content: v})
}

func explainedGroups() []explained {
	groups := []explained{
		{ID: "event-states", Title: "States of an event", Names: "state", Open: true, Lead: "From its import to Meta's answer, an event is in one of these."},
		{ID: "batch-states", Title: "States of a batch", Names: "state", Lead: "A batch is what is sent in one request. What is not certain is kept as such."},
		{ID: "fates", Title: "Fates of a record", Names: "fate", Lead: "Every record of every file meets one of these, and they add up to the records."},
		{ID: "ends", Title: "Ends of an attempt", Names: "end", Lead: "How one request to Meta ended."},
		{ID: "errors", Title: "Meta's errors", Names: "code", Lead: "What Meta answers, what Capibara does then, and what a person does."},
		{ID: "classes", Title: "Kinds of trouble", Names: "kind", Lead: "Errors of one kind are treated alike."},
		{ID: "reasons", Title: "Reasons", Names: "reason", Lead: "Why a record is rejected or left out, or an event is sent with a remark."},
	}
	of := map[string]int{"event_state": 0, "batch_state": 1, "fate": 2, "attempt_end": 3, "meta_code": 4, "http_status": 4, "class": 5, "reason": 6}
	for _, e := range audit.Explanations() {
		if i, ok := of[e.Kind]; ok {
			groups[i].List = append(groups[i].List, e)
		}
	}
	return groups
}

// usageReason is what somebody has to type differently, as a sentence; "" when the error is another one.
func usageReason(err error) string {
	var said []string
	for _, e := range flattened(err) {
		var usage *audit.UsageError
		if !errors.As(e, &usage) {
			return ""
		}
		said = append(said, strings.ToUpper(usage.Reason[:1])+usage.Reason[1:]+".")
	}
	return strings.Join(said, " ")
}

// reportsView is the page from which a report is asked for.
type reportsView struct {
	Month  string
	Months []reportMonth
}

// reportMonth is a month of which there may be a report.
type reportMonth struct{ Month, Word string }

func (s *Site) reportsPage(w http.ResponseWriter, r *http.Request) {
	now := s.now().In(s.zone)
	v := reportsView{Month: now.Format("2006-01")}
	for i := range 12 {
		month := now.AddDate(0, -i, 1-now.Day())
		v.Months = append(v.Months, reportMonth{month.Format("2006-01"), month.Format("January 2006")})
	}
	s.show(w, r, http.StatusOK, "reports.html", view{Title: "Report", Nav: "/reports", Content: v})
}
