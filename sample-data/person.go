package sampledata

import (
	"strings"
)

// person is somebody who does not exist.
type person struct {
	first, last string
	place       place
	email       []byte // as somebody typed it, "" when unknown
	phone       []byte // as somebody typed it, "" when unknown
	number      int    // of the customer
}

// place is where a person lives, with what its telephone numbers look like.
type place struct {
	city, state, country, countryName string
	zip                               string // every # becomes a digit
	phones                            phoneRange
}

// phoneRange is a range of telephone numbers that the numbering authority of its country (NANPA, Ofcom, Bundesnetzagentur,
// Arcep) keeps for films and examples, so that nobody is ever called. The last digits of a number are drawn.
type phoneRange struct {
	code     string   // country code
	trunk    string   // what is dialled before the number within the country
	prefixes []string // before the drawn digits, marked as people write it
	drawn    int      // how many digits are drawn
	below    int      // they are below this
}

func phoneRanges() (us, uk, de, fr phoneRange) {
	us = phoneRange{"1", "", []string{"212-555-0", "415-555-0", "312-555-0", "512-555-0", "646-555-0", "206-555-0"}, 3, 0}
	uk = phoneRange{"44", "0", []string{"20-7946-0"}, 3, 1000}
	de = phoneRange{"49", "0", []string{"30-23125-"}, 3, 1000}
	fr = phoneRange{"33", "0", []string{"1-99-00-"}, 4, 10000}
	return us, uk, de, fr
}

func places() []place {
	us, uk, de, fr := phoneRanges()
	none := phoneRange{}
	return []place{
		{"New York", "New York", "US", "United States", "100##-1234", us},
		{"San Francisco", "CA", "US", "United States", "941##", us},
		{"Austin", "TX", "us", "USA", "787##", us},
		{"Chicago", "il", "US", "United States", "606##", us},
		{"St. Louis", "MO", "US", "United States", "631##", us},
		{"London", "", "GB", "United Kingdom", "SW1A #AA", uk},
		{"Leeds", "", "GB", "UK", "LS1 #DY", uk},
		{"München", "BY", "DE", "Germany", "803##", de},
		{"Berlin", "", "DE", "Germany", "101##", de},
		{"Paris", "", "FR", "France", "750##", fr},
		{"Amsterdam", "", "NL", "Netherlands", "10## JS", none},
		{"'s-Hertogenbosch", "", "NL", "Netherlands", "52## AA", none},
		{"Gent", "", "BE", "Belgium", "90##", none},
		{"São Paulo", "SP", "BR", "Brazil", "01310-1##", none},
	}
}

func firstNames() []string {
	return strings.Fields("James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth José Zoë François Łukasz " +
		"Anaïs Björn Siân Renée Jürgen Chloë Iñigo Małgorzata Sofía Noël Mette Åsa Дмитрий Ольга 伟 さくら Anne-Marie Jan")
}

// lastNames are words for an example in several languages, so that no full name is somebody's.
func lastNames() []string {
	return strings.Fields("Example Sample Placeholder O'Sample Müller-Muster Voorbeeld Beispiel Exemple Przykład Specimen " +
		"Fictief Dummy Testcase Mockup Pattern Draft Sjabloon Fantasie García-Ejemplo Образцов 样例 見本 Đặng-Mẫu")
}

// people is what persons are drawn from.
type people struct {
	first, last           []string
	firstASCII, lastASCII []string // as they stand in an address
	places                []place
}

func newPeople() people {
	p := people{first: firstNames(), last: lastNames(), places: places()}
	p.firstASCII, p.lastASCII = asciiAll(p.first), asciiAll(p.last)
	return p
}

func asciiAll(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' {
				return c
			}
			return -1
		}, strings.ToLower(name))
		if out[i] == "" {
			out[i] = "customer"
		}
	}
	return out
}

// draw makes g.who somebody else. One in thirty is unknown: no address, no number.
func (g *generator) draw() {
	who, from := &g.who, &g.from
	f, l := g.r.IntN(len(from.first)), g.r.IntN(len(from.last))
	who.first, who.last = from.first[f], from.last[l]
	who.place = from.places[g.r.IntN(len(from.places))]
	who.number = g.r.IntN(100_000_000)
	who.email, who.phone = who.email[:0], who.phone[:0]
	known := g.r.IntN(30)
	if known == 0 {
		who.first, who.last = "", ""
		return
	}
	if known > 3 {
		g.drawEmail(from.firstASCII[f], from.lastASCII[l])
	}
	if known <= 3 || g.r.IntN(3) > 0 {
		g.drawPhone()
	}
}

func (g *generator) drawEmail(first, last string) {
	who := &g.who
	e := append(append(append(who.email, first...), '.'), last...)
	e = appendDigits(e, who.number, 1)
	e = append(e, [...]string{"@example.com", "@example.org", "@example.net", "@mail.example.com"}[g.r.IntN(4)]...)
	switch g.r.IntN(12) {
	case 0: // typed with caps lock on
		for i, c := range e {
			if c >= 'a' && c <= 'z' {
				e[i] = c - 'a' + 'A'
			}
		}
	case 1: // as a telephone begins a sentence
		e[0] -= 'a' - 'A'
	case 2:
		e = append(e, ' ')
	}
	who.email = e
}

// drawPhone writes a number in one of the ways in which people do. Where no range is reserved for fiction there is none.
func (g *generator) drawPhone() {
	from := g.who.place.phones
	if from.code == "" {
		return
	}
	prefix := g.pick(from.prefixes)
	number := g.r.IntN(max(from.below, 1))
	if from.below == 0 { // 0100 to 0199: the zero stands in the prefix
		number = 100 + g.r.IntN(100)
	}
	p, mark := g.who.phone, byte(' ')
	switch g.r.IntN(6) {
	case 0:
		p, mark = append(append(p, '+'), from.code...), 0
	case 1:
		p = append(append(append(p, '+'), from.code...), ' ')
	case 2:
		p, mark = append(append(p, "00"...), from.code...), 0
	case 3:
		p = append(append(append(p, '+'), from.code...), ' ')
		if from.trunk != "" {
			p = append(p, "(0)"...)
		}
		mark = '-'
	case 4:
		p, mark = append(p, from.trunk...), '-'
	default:
		p = append(p, from.trunk...)
		if from.trunk == "" { // (212) 555-0147
			p = append(append(append(p, '('), prefix[:3]...), ") "...)
			prefix, mark = prefix[4:], '-'
		}
	}
	for i := range len(prefix) {
		switch {
		case prefix[i] != '-':
			p = append(p, prefix[i])
		case mark != 0:
			p = append(p, mark)
		}
	}
	g.who.phone = appendDigits(p, number, from.drawn)
}

// zip appends the postal code.
func (g *generator) zip() {
	for i := range len(g.who.place.zip) {
		c := g.who.place.zip[i]
		if c == '#' {
			c = byte('0' + (g.who.number>>i)%10)
		}
		g.b = append(g.b, c)
	}
}
