package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// TestEverythingIsExplained holds that whatever this program says has an explanation in whole sentences.
func TestEverythingIsExplained(t *testing.T) {
	t.Parallel()
	all := Explanations()
	names := map[string][]string{}
	for _, e := range all {
		names[e.Kind] = append(names[e.Kind], e.Name)
		if !e.Known {
			t.Errorf("%s %s is not explained", e.Kind, e.Name)
		}
		for _, text := range []string{e.Cause, e.Program, e.Person} {
			if len(text) < 5 || !strings.HasSuffix(text, ".") || strings.HasSuffix(text, "..") || strings.Contains(text, "%!") {
				t.Errorf("%s %s: %q is no sentence", e.Kind, e.Name, text)
			}
		}
		if e.Name == "below 0" || e.Type != "" || strings.Contains(e.Name, "-") && e.Kind == "meta_code" {
			continue
		}
		if found := Explain(e.Name); !slices.Contains(found, e) {
			t.Errorf("%s %s cannot be asked for: %+v", e.Kind, e.Name, found)
		}
	}
	holds := func(kind string, want []string) {
		t.Helper()
		for _, name := range want {
			if !slices.Contains(names[kind], name) {
				t.Errorf("no %s %s is listed", kind, name)
			}
		}
	}
	holds("event_state", texts(store.States()))
	holds("batch_state", texts(store.BatchStates()))
	holds("fate", texts(store.Fates()))
	holds("attempt_end", append(capi.Ends(), store.EndLost))
	holds("class", []string{"unreachable", "unknown_fate", "clock_skew"})
	for _, r := range event.Reasons() {
		holds("reason", []string{string(r)})
	}
	if len(names["meta_code"]) != len(capi.Entries())+1 {
		t.Errorf("%d codes are listed, and the catalogue has %d entries", len(names["meta_code"]), len(capi.Entries()))
	}
}

func texts[T fmt.Stringer](states []T) []string {
	var all []string
	for _, s := range states {
		all = append(all, s.String())
	}
	return all
}

func TestExplainWhatPeopleType(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{ // kinds and names, with the start of the cause
		"2804003":                      "meta_code 100/2804003: The event is too old",
		"100/2804003":                  "meta_code 100/2804003: The event is too old",
		"100 2804003":                  "meta_code 100/2804003: The event is too old",
		"(#100)":                       "meta_code 100: A parameter | meta_code 100: Meta refused the call itself",
		"code 100, subcode 2804003":    "meta_code 100/2804003: The event is too old",
		"error_subcode: 463":           "meta_code 190/463: The access token has expired",
		"33":                           "meta_code 100/33: The dataset does not exist",
		"250":                          "meta_code 250: The token lacks",
		"80004/2446079":                "meta_code 80004: Subcode 2446079 has no entry",
		"2804005":                      "meta_code 100: Subcode 2804005 has no entry",
		"190/1":                        "meta_code 190: Subcode 1 has no entry",
		"code -7":                      "meta_code -7: Meta failed inside",
		"HTTP 429":                     "http_status http_429: Too many",
		"429":                          "http_status http_429: Too many",
		"12345":                        "meta_code 12345: This version does not know",
		"12345/6":                      "meta_code 12345/6: This version does not know",
		"too_old":                      "reason too_old: The conversion was",
		"Too Old":                      "reason too_old: The conversion was",
		"date-ambiguous":               "reason date_ambiguous: ",
		"rejected_by_meta_2804036":     "meta_code 100/2804036: The lead_id",
		"credentials":                  "class credentials: The access token",
		"pending":                      "event_state pending: The event waits",
		"held":                         "event_state held: | batch_state held: ",
		"unknown":                      "class unknown: | batch_state unknown: | attempt_end unknown: ",
		"nonsense":                     "",
		"":                             "",
		"1 2 3":                        "",
		"99999999999":                  "",
		"rejected_by_meta_nonsense":    "",
		"the event is 2804003 too old": "",
	} {
		found := Explain(asked)
		var wants []string
		if want != "" {
			wants = strings.Split(want, " | ")
		}
		if len(found) != len(wants) {
			t.Errorf("%q finds %+v", asked, found)
			continue
		}
		for i, e := range found {
			if got := e.Kind + " " + e.Name + ": " + e.Cause; !strings.HasPrefix(got, wants[i]) {
				t.Errorf("%q is %q, want %q", asked, got, wants[i])
			}
		}
	}
	if e := Explain("12345")[0]; e.Known || e.Class != "unknown" || !strings.Contains(e.Program, "none is dropped") {
		t.Errorf("an unknown code: %+v", e)
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{"2804003", "100/2804003", "(#-1)", "too_old", "code", "\xff", "0/0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		for _, e := range Explain(asked) {
			if e.Cause == "" || e.Program == "" || e.Person == "" || e.Name == "" {
				t.Errorf("%q: %+v", asked, e)
			}
		}
	})
}

// TestRejectedEventsAreExplained: what Meta refused has its explanation and the id its support asks for, and what was
// refused here is not put on Meta.
func TestRejectedEventsAreExplained(t *testing.T) {
	t.Parallel()
	r, db := quiet(t)
	b := begin(t, db, "deal-3")
	settle(t, db, store.Settlement{Batch: b.Number, Verdict: store.VerdictRejected, Reason: event.ReasonPayloadDamaged,
		Attempt: store.Attempt{EndedAt: noon, End: "invalid_event", Error: "not sent"}})
	s, err := r.ShowEvent(t.Context(), "deal-3")
	if err != nil {
		t.Fatal(err)
	}
	if want := event.ReasonPayloadDamaged.Sentence() + " " + event.ReasonPayloadDamaged.Fix(); s[0].Explanation != want || s[0].FBTraceID != "" {
		t.Errorf("refused here: %q, %q", s[0].Explanation, s[0].FBTraceID)
	}
}

func TestEveryRefusalOfTheCatalogueIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range capi.Entries() {
		if c.Class != capi.ClassInvalidEvent {
			continue
		}
		got := new(Reader).explain(store.EventEntry{State: store.StateRejected, RejectCode: c.Code, RejectSubcode: c.Subcode, Reason: event.ReasonRejectedByMeta})
		for _, part := range []string{c.Cause, c.Older, c.Person} {
			if !strings.Contains(got, part) {
				t.Errorf("%d/%d is told as %q, without %q", c.Code, c.Subcode, got, part)
			}
		}
	}
	if got := new(Reader).explain(store.EventEntry{State: store.StateRejected, RejectCode: 7}); !strings.Contains(got, "code 7") {
		t.Errorf("an unknown code: %q", got)
	}
}
