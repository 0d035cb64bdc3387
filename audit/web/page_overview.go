package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/http"

	"capibara/audit"
	"capibara/store"
)

// overviewView is the first page. Its body is made apart: a page that looks again names what it shows, and is answered only when there is
// something new, so that nothing moves under a reader's eyes for nothing.
type overviewView struct {
	Body  template.HTML
	Again string // the address at which the page looks whether there is something new
	AsOf  string
	OK    bool
}

// overviewBody is what the body is made of.
type overviewBody struct {
	audit.Overview
	Tone           string
	Headline, Rest string
	States         []stateTile
	Happened       bool // anything on any of the days
	Fresh          bool // nothing was ever imported
	CanAct         bool
	Newest         []audit.File
}

// newestFiles is how many of the files stand on the first page: what somebody dropped just now is looked for there.
const newestFiles = 5

// toMend is how many of the files, the newest first, were refused or have rejected records that none of the others brings back.
func toMend(files []audit.File) int {
	n, mended := 0, map[uint64]bool{}
	for _, f := range files {
		if f.Mends != 0 {
			mended[f.Mends] = true
		}
		if f.State == store.FileRefused.String() || f.Counts.Rejected > 0 && !mended[f.File] {
			n++
		}
	}
	return n
}

// stateTile is how many events are in a state.
type stateTile struct {
	shownAs
	State string
	Count uint64
	Means string
}

func (s *Site) overviewPage(w http.ResponseWriter, r *http.Request) {
	o, err := s.ledger.Overview(r.Context())
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	newest, err := s.ledger.Files(r.Context(), audit.Query{Limit: newestFiles})
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	v := view{Visitor: visitor(r)}
	b := overviewBody{Overview: o, Tone: "good", Headline: "Everything is all right.", Rest: o.Summary, States: stateTiles(o.Events), CanAct: v.CanAct(),
		Newest: newest.Items}
	if n := toMend(newest.Items); n > 0 {
		b.Headline = "Uploads go as they should; " + plural(n, "of the newest files needs", "of the newest files need") + " mending."
	}
	if !o.OK {
		b.Tone = "bad"
		b.Headline, b.Rest = splitSentence(o.Summary)
	}
	for _, d := range o.Days {
		b.Happened = b.Happened || d.Sent+d.Reject+d.Expired > 0
	}
	b.Fresh = true
	for _, t := range b.States {
		b.Fresh = b.Fresh && t.Count == 0
	}
	for _, src := range o.Sources {
		b.Fresh = b.Fresh && src.LastFile == 0
	}
	if b.Fresh && o.OK {
		b.Tone, b.Headline = "quiet", "Nothing was imported yet."
	}
	var body bytes.Buffer
	if err := pageTemplates["overview.html"].ExecuteTemplate(&body, "body", b); err != nil {
		s.unanswered(w, r, err)
		return
	}
	now := s.now().In(s.zone).Format("15:04:05")
	w.Header().Set("Capibara-Time", now)
	sum := sha256.Sum256(body.Bytes())
	version := hex.EncodeToString(sum[:8])
	if r.URL.Query().Get("seen") == version && r.Header.Get("HX-Request") != "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.show(w, r, http.StatusOK, "overview.html", view{Title: "Overview", Nav: "/",
		Content: overviewView{Body: template.HTML(body.String()), Again: "/?seen=" + version, AsOf: now, OK: o.OK}})
}

func stateTiles(c audit.StateCounts) []stateTile {
	var tiles []stateTile
	for _, t := range []struct {
		state string
		n     uint64
		means string
	}{
		{"pending", c.Pending, "wait for the next upload"},
		{"in_flight", c.InFlight, "are being sent"},
		{"acknowledged", c.Acknowledged, "Meta said that it received them"},
		{"rejected", c.Rejected, "were refused"},
		{"expired", c.Expired, "became too old to be sent"},
		{"held", c.Held, "nobody knows whether Meta has them"},
		{"withdrawn", c.Withdrawn, "were taken back before they were sent"},
		{"erased", c.Erased, "content erased on request"},
	} {
		tiles = append(tiles, stateTile{shownAs: eventState(t.state), State: t.state, Count: t.n, Means: t.means})
	}
	return tiles
}
