package sampledata

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// till appends one sale as a JSON object on a line. A quarter of the people pay without saying who they are, a few
// bring something back.
func (g *generator) till(i int) {
	g.draw()
	at := g.moment()
	gbp := g.oneIn(4)
	g.text(`{"store": "`)
	if gbp {
		g.text(g.pick([]string{"LON-03", "MAN-04"}))
	} else {
		g.text(g.pick([]string{"AMS-01", "UTR-02", "ANT-01"}))
	}
	g.text(`", "receipt": "`)
	g.digits(int(g.family%9000)+1000, 4)
	g.digits(i, 8)
	g.text(`", "business_date": "`)
	g.b = at.AppendFormat(g.b, string(yearFirst))
	g.text(`", "time": "`)
	g.b = at.AppendFormat(g.b, time.RFC3339)
	g.text(`", "total": `)
	switch g.r.IntN(50) {
	case 0:
		g.text("-")
		g.cents(g.r.IntN(10_000)+1, false)
	case 1:
		g.text("0.00")
	default:
		g.cents(g.r.IntN(50_000)+1, false)
	}
	if gbp {
		g.text(`, "currency": "GBP", "payment": "card", "customer": `)
	} else {
		g.text(`, "currency": "EUR", "payment": "card", "customer": `)
	}
	if g.oneIn(4) || !g.who.known() {
		g.text("null}\n")
		return
	}
	g.customer()
	g.text("}\n")
}

// customer appends what a till knows about who has a loyalty card.
func (g *generator) customer() {
	who := &g.who
	g.text(`{"first_name": "`)
	g.text(who.first)
	g.text(`", "last_name": "`)
	g.text(who.last)
	if len(who.email) > 0 {
		g.text(`", "email": "`)
		g.b = append(g.b, who.email...)
	}
	if len(who.phone) > 0 {
		g.text(`", "phone": "`)
		g.b = append(g.b, who.phone...)
	}
	g.text(`", "postcode": "`)
	g.zip()
	g.text(`", "city": "`)
	g.text(who.place.city)
	g.text(`", "country": "`)
	g.text(who.place.country)
	if g.oneIn(2) {
		g.text(`", "loyalty_id": "LC-`)
		g.digits(who.number, 8)
	}
	g.text(`"}`)
}

// metaOffline appends a row of Meta's template. No name or city in it holds a comma or a quotation mark, so no cell
// needs quotes.
func (g *generator) metaOffline(i int) {
	g.draw()
	who := &g.who
	if len(who.email) > 0 && g.oneIn(20) { // hashed by whoever wrote the export
		sum := sha256.Sum256(who.email)
		g.b = hex.AppendEncode(g.b, sum[:])
	} else {
		g.b = append(g.b, who.email...)
	}
	g.text(",,,")
	g.b = append(g.b, who.phone...)
	g.text(",,,,")
	g.text(who.first)
	g.text(",")
	g.text(who.last)
	g.text(",")
	g.zip()
	g.text(",")
	g.text(who.place.city)
	g.text(",")
	g.text(who.place.state)
	g.text(",")
	g.text(who.place.country)
	g.text(",")
	if g.oneIn(2) && who.known() {
		g.digits(1940+g.r.IntN(65), 4)
		g.text("-")
		g.digits(1+g.r.IntN(12), 2)
		g.text("-")
		g.digits(1+g.r.IntN(28), 2)
	}
	g.text(",,")
	if who.known() {
		g.text(g.pick([]string{"", "f", "m", "Female", "M"}))
	}
	g.text(",,")
	if who.known() {
		g.text("C-")
		g.digits(who.number, 8)
	}
	g.text(",")
	name := g.pick([]string{"Purchase", "Purchase", "Purchase", "PURCHASE", "Lead", "Schedule"})
	g.text(name)
	g.text(",")
	g.b = g.moment().UTC().AppendFormat(g.b, time.RFC3339)
	g.text(",")
	if name != "Lead" && name != "Schedule" {
		if !g.oneIn(500) {
			g.cents(g.r.IntN(200_000)+1, false)
		}
		g.text(",")
		g.text(g.pick([]string{"USD", "USD", "usd", "EUR", "GBP"}))
	} else {
		g.text(",")
	}
	g.text(",T-")
	g.base62(g.family, 5)
	g.text("-")
	g.digits(i, 8)
	g.text("\n")
}
