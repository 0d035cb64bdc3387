package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"capibara/event"
	"capibara/store"

	"golang.org/x/net/html"
)

// page is a page that was read as browsers read it.
type page struct {
	t    *testing.T
	path string
	answered
	root *html.Node
}

// browse asks for a page as a browser does.
func (p *place) browse(path string) page { return p.read(asked{path: path}) }

// post sends a form as a browser does.
func (p *place) post(path string, form url.Values) page {
	return p.read(asked{method: http.MethodPost, path: path, body: form.Encode(), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}

func (p *place) read(a asked) page {
	p.t.Helper()
	if a.header == nil {
		a.header = map[string]string{}
	}
	a.header["Accept"] = "text/html"
	got := page{t: p.t, path: a.path, answered: p.ask(a)}
	root, err := html.Parse(strings.NewReader(got.body))
	if err != nil {
		p.t.Fatalf("%s: %v", a.path, err)
	}
	got.root = root
	return got
}

// all are the elements of that name, in order.
func (p page) all(name string) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

// byID is the element with that id; nil for none.
func (p page) byID(id string) *html.Node {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	return nil
}

// rows are the rows of the list on the page.
func (p page) rows() int {
	n := 0
	for _, body := range p.all("tbody") {
		for row := range body.ChildNodes() {
			if row.Data == "tr" {
				n++
			}
		}
	}
	return n
}

func attr(n *html.Node, name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what a person reads in an element.
func text(n *html.Node) string {
	var out strings.Builder
	if n != nil {
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				out.WriteString(d.Data + " ")
			}
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// wantText fails unless the page says all of it.
func (p page) wantText(says ...string) {
	p.t.Helper()
	all := text(p.root)
	for _, s := range says {
		if !strings.Contains(all, s) {
			p.t.Errorf("%s does not say %q:\n%s", p.path, s, all)
		}
	}
}

// sound fails for what no page may have: what a screen reader stumbles over, what the policy forbids, and what would leave the machine.
func (p page) sound() {
	p.t.Helper()
	fail := func(format string, args ...any) {
		p.t.Helper()
		p.t.Errorf("%s: %s", p.path, fmt.Sprintf(format, args...))
	}
	if n := len(p.all("h1")); n != 1 {
		fail("%d headings of the first level", n)
	}
	if len(p.all("main")) != 1 || text(p.all("title")[0]) == "" || attr(p.all("html")[0], "lang") != "en" {
		fail("no main part, title or language")
	}
	ids, labelled, level := map[string]bool{}, map[string]bool{}, 0
	for n := range p.root.Descendants() {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				fail("two elements have the id %s", id)
			}
			ids[id] = true
		}
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
	}
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on"):
				fail("<%s> has %s, which the policy forbids", n.Data, a.Key)
			case slices.Contains([]string{"href", "src", "action", "hx-get", "hx-post"}, a.Key) && (strings.HasPrefix(a.Val, "//") || !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#")):
				fail("<%s> leads elsewhere: %s", n.Data, a.Val)
			case slices.Contains([]string{"aria-labelledby", "aria-describedby", "list"}, a.Key):
				for _, id := range strings.Fields(a.Val) {
					if !ids[id] {
						fail("<%s %s> names %s, which is not there", n.Data, a.Key, id)
					}
				}
			case a.Key == "hx-target" && !ids[strings.TrimPrefix(a.Val, "#")]:
				fail("hx-target %s is not there", a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !ids[a.Val[1:]]:
				fail("the link to %s leads nowhere", a.Val)
			}
		}
		switch n.Data {
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			if now > level+1 {
				fail("a heading of level %d follows one of level %d: %s", now, level, text(n))
			}
			level = now
		case "script":
			if attr(n, "src") == "" {
				fail("a script stands in it: %s", text(n))
			}
		case "style", "iframe", "object", "base":
			fail("<%s> stands in it", n.Data)
		case "img":
			if !strings.HasPrefix(attr(n, "src"), "/static/") || !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				fail("a picture without alt, or of elsewhere: %s", attr(n, "src"))
			}
		case "input", "select":
			if kind := attr(n, "type"); kind != "hidden" && !labelled[attr(n, "id")] {
				fail("the field %s has no label", attr(n, "name"))
			}
		case "table":
			caption := slices.Collect(n.ChildNodes())
			if !slices.ContainsFunc(caption, func(c *html.Node) bool { return c.Data == "caption" && text(c) != "" }) {
				fail("a table has no caption")
			}
		case "th":
			if attr(n, "scope") == "" {
				fail("a head of a table has no scope: %s", text(n))
			}
		}
	}
	for _, r := range text(p.root) + attr(p.byID("results"), "data-says") {
		if r == '\u202e' || r == '\u200b' || r < ' ' {
			fail("people read the character %U", r)
			break
		}
	}
	if strings.Contains(strings.ToLower(text(p.root)), "meta counted") {
		fail("it says what only Meta knows")
	}
}

// twisted is what an attacker may write where bidirectional text and control characters reach a page as they are.
const twisted = "gpj\u202e.\u200b\x1b[31m" + evil

// story fills an outbox with one thing of every kind, hostile wherever a stranger has a say.
func story(t *testing.T, p *place) {
	t.Helper()
	db, ctx := p.ledger.db, t.Context()
	f, err := db.OpenFile(ctx, store.NewFile{Name: twisted, Source: "tills " + twisted, SHA256: event.Hash{9}, Size: 12, Mapping: `{"name":"` + "tills\u202e" + `"}`}, noon)
	if err != nil {
		t.Fatal(err)
	}
	amount, err := event.ParseMoney("1234.50")
	if err != nil {
		t.Fatal(err)
	}
	rows := func(id, name string) []store.NewRow {
		e := event.Event{Name: name, ID: id, Time: noon.Unix() - 60, ActionSource: event.SourcePhysicalStore, Custom: event.CustomData{Value: amount, Currency: "EUR", OrderID: "order-1"}}
		return []store.NewRow{{Dataset: dataset, EventID: id, EventName: name, EventTime: e.Time, Deadline: event.DefaultWindow().Deadline(e.Time),
			Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil), Value: amount, Currency: "EUR", Warnings: []event.Reason{event.ReasonDroppedPhone}}}
	}
	chunk := store.Chunk{First: 1, Records: []store.Record{{Line: 2, RecordKey: twisted, Rows: rows("odd/id?x=1&y="+evil, "Lead "+evil)}, {Line: 3, Rows: rows("..", "Lead")},
		{Line: 4, Rows: rows("deal-9", "Purchase")}, {Line: 5, Rows: rows("deal-9", "deal_closed")},
		{Line: 6, Fate: store.FateRejected, Reason: event.ReasonDateUnreadable, Column: twisted, RecordKey: twisted}, {Line: 7, Fate: store.FateSkipped, Reason: event.ReasonStageNotMapped}}}
	if _, err := db.Import(ctx, f.Number, chunk, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported, ArchivedAs: "archive/" + twisted, Rejects: "rejected/" + twisted, Receipt: "receipts/" + twisted}, noon); err != nil {
		t.Fatal(err)
	}
	r, err := db.OpenFile(ctx, store.NewFile{Name: "refused.csv", Source: "deals", SHA256: event.Hash{10}, Size: 1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CloseFile(ctx, r.Number, store.FileEnd{State: store.FileRefused, Reason: "The column \"" + twisted + "\" is missing."}, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := db.OpenFile(ctx, store.NewFile{Name: "under-way.csv", Source: "deals", SHA256: event.Hash{11}, Size: 1}, noon); err != nil {
		t.Fatal(err)
	}
	var seqs []uint64
	for _, id := range []string{"deal-1", "odd/id?x=1&y=" + evil, "deal-9"} {
		found, err := db.EventsByID(ctx, id)
		if err != nil || len(found) == 0 {
			t.Fatalf("event %q: %v", id, err)
		}
		for _, e := range found {
			seqs = append(seqs, e.Seq)
		}
	}
	begin := func(rows ...uint64) store.Batch {
		b, err := db.Begin(ctx, store.Intent{Dataset: dataset, Rows: rows, BodySHA256: event.Hash{1}}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	settle := func(st store.Settlement) store.Batch {
		b, err := db.Settle(ctx, st, noon)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := settle(store.Settlement{Batch: begin(seqs[0], seqs[1]).Number, Verdict: store.VerdictSplit, Children: []int{1, 1},
		Attempt: store.Attempt{EndedAt: noon, End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804050, FBTraceID: "Trace" + evil, Messages: []string{twisted}}})
	for i, child := range b.Children {
		if _, err := db.Retry(ctx, child, nil, event.Hash{4}, noon); err != nil {
			t.Fatal(err)
		}
		st := store.Settlement{Batch: child, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{EndedAt: noon, End: "acknowledged", HTTPStatus: 200, EventsReceived: 1, FBTraceID: "A2"}}
		if i == 1 {
			st.Verdict, st.Reason = store.VerdictRejected, event.ReasonRejectedByMeta
			st.Attempt = store.Attempt{EndedAt: noon, End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804050, FBTraceID: "A3", Error: twisted}
		}
		settle(st)
	}
	begin(seqs[2])
}
