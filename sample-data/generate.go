package sampledata

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// The kinds of export that [Generate] writes.
const (
	KindSalesforce  = "salesforce"   // an opportunity report, as salesforce-deals.csv
	KindHubSpot     = "hubspot"      // an export of deals, as hubspot-deals.csv
	KindPOS         = "pos"          // sales of tills, one JSON object a line with the members of store-purchases.json
	KindMetaOffline = "meta-offline" // Meta's template for offline events, as meta-offline.csv
)

// Kinds returns the kinds of export that [Generate] writes.
func Kinds() []string { return []string{KindSalesforce, KindHubSpot, KindPOS, KindMetaOffline} }

// FileName is a name for a generated export by which one of the sources of [Config] recognises it; "" for an unknown
// kind.
func FileName(kind string) string {
	switch kind {
	case KindSalesforce, KindHubSpot, KindMetaOffline:
		return kind + "-generated.csv"
	case KindPOS:
		return "pos-generated.jsonl"
	}
	return ""
}

// Options says what [Generate] writes.
type Options struct {
	Kind string    // one of [Kinds]
	Rows int       // records, without header and footer
	Seed uint64    // another seed gives other records with other ids
	Now  time.Time // the conversions lie in the six days before it
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

// Generate writes an export of o.Rows records that look like real ones: names, numbers and amounts in many spellings,
// notes over several lines, stages that are not mapped, people that nobody knows, refunds, and here and there something
// that somebody must mend. It streams, and equal options give equal bytes.
func Generate(w io.Writer, o Options) error {
	if o.Rows < 0 {
		return fmt.Errorf("generate a sample export: %d is no number of records", o.Rows)
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return fmt.Errorf("load the time zone of the sample files: %w", err)
	}
	g := &generator{
		r:    rand.New(rand.NewPCG(o.Seed, uint64(o.Now.Unix()))),
		now:  o.Now.Unix(),
		zone: zone,
		from: newPeople(),
	}
	g.family = g.r.Uint64()
	header, row, footer, err := g.export(o.Kind)
	if err != nil {
		return err
	}
	g.b = append(g.b, header...)
	for i := range o.Rows {
		row(i)
		if len(g.b) >= flushAt {
			if _, err := w.Write(g.b); err != nil {
				return fmt.Errorf("write a sample export: %w", err)
			}
			g.b = g.b[:0]
		}
	}
	g.b = append(g.b, footer...)
	if _, err := w.Write(g.b); err != nil {
		return fmt.Errorf("write a sample export: %w", err)
	}
	return nil
}

// generator writes one export into b.
type generator struct {
	r      *rand.Rand
	now    int64 // Unix seconds
	zone   *time.Location
	family uint64 // makes the ids of one run differ from those of another
	b      []byte
	days   [6]string // today and the five days before it, for exports that know no time of day
	from   people
	who    person
}

// export returns what stands before the records, what appends record i, and what stands after them.
func (g *generator) export(kind string) (header []byte, row func(i int), footer string, err error) {
	switch kind {
	case KindSalesforce:
		g.fillDays(dayFirstSlash)
		header, err = firstLine("salesforce-deals.csv")
		return header, g.salesforce, g.salesforceFooter(), err
	case KindHubSpot:
		g.zone, err = time.LoadLocation("America/New_York")
		if err != nil {
			return nil, nil, "", fmt.Errorf("load the time zone of the HubSpot export: %w", err)
		}
		header, err = firstLine("hubspot-deals.csv")
		return header, g.hubspot, "", err
	case KindPOS:
		return nil, g.till, "", nil
	case KindMetaOffline:
		header, err = firstLine("meta-offline.csv")
		return header, g.metaOffline, "", err
	}
	return nil, nil, "", fmt.Errorf("there is no sample export of kind %q; the kinds are %s", kind, strings.Join(Kinds(), ", "))
}

// firstLine returns the header line of an export, so that a generated one cannot disagree with it.
func firstLine(name string) ([]byte, error) {
	data, err := exports.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the sample file %s: %w", name, err)
	}
	return data[:bytes.IndexByte(data, '\n')+1], nil
}

func (g *generator) fillDays(form dateForm) {
	today := time.Unix(g.now, 0).In(g.zone)
	for ago := range g.days {
		g.days[ago] = today.AddDate(0, 0, -ago).Format(string(form))
	}
}

// moment is an instant in the six days before now, at least a minute ago.
func (g *generator) moment() time.Time {
	return time.Unix(g.now-60-int64(g.r.IntN(6*24*3600-3600)), 0).In(g.zone)
}

// oneIn is true once in n times.
func (g *generator) oneIn(n int) bool { return g.r.IntN(n) == 0 }

func (g *generator) pick(from []string) string { return from[g.r.IntN(len(from))] }

func (g *generator) text(s string) { g.b = append(g.b, s...) }

// quoted appends one CSV cell in quotation marks.
func (g *generator) quoted(s string) {
	g.b = append(g.b, '"')
	for {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			break
		}
		g.b = append(append(g.b, s[:at+1]...), '"')
		s = s[at+1:]
	}
	g.b = append(append(g.b, s...), '"')
}

// digits appends n in at least width digits.
func (g *generator) digits(n, width int) { g.b = appendDigits(g.b, n, width) }

func appendDigits(dst []byte, n, width int) []byte {
	var room [20]byte
	at := len(room)
	for n > 0 || width > 0 {
		at--
		room[at] = byte('0' + n%10)
		n /= 10
		width--
	}
	return append(dst, room[at:]...)
}

// base62 appends the last width digits of n to the base 62, the alphabet of Salesforce's ids.
func (g *generator) base62(n uint64, width int) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	at := len(g.b) + width
	g.b = append(g.b, "00000000000"[:width]...)
	for range width {
		at--
		g.b[at] = digits[n%62]
		n /= 62
	}
}

// cents appends an amount; thousands are marked by commas when marked is true.
func (g *generator) cents(n int, marked bool) {
	whole := n / 100
	switch {
	case marked && whole >= 1_000_000:
		g.digits(whole/1_000_000, 1)
		g.b = append(g.b, ',')
		g.digits(whole/1000%1000, 3)
		g.b = append(g.b, ',')
		g.digits(whole%1000, 3)
	case marked && whole >= 1000:
		g.digits(whole/1000, 1)
		g.b = append(g.b, ',')
		g.digits(whole%1000, 3)
	default:
		g.digits(whole, 1)
	}
	if n%100 != 0 || whole%3 != 0 {
		g.b = append(g.b, '.')
		g.digits(n%100, 2)
	}
}
