package sandbox

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// kind of a JSON value.
type kind uint8

const (
	absent kind = iota
	null
	boolean
	number
	text
	list
	object
)

// maxDepth is far deeper than any event.
const maxDepth = 32

// manyMembers is where an object's names go into a map, so that a hostile one cannot cost quadratic time.
const manyMembers = 32

var errJSON = errors.New("not valid JSON")

// value is a JSON value with its bytes as they came. The zero value is an absent one.
type value struct {
	kind    kind
	raw     []byte
	text    string // of a text, decoded
	truth   bool
	items   []value
	members []member
}

type member struct {
	name  string
	value value
}

// member returns the named member, or an absent value.
func (v value) member(name string) value {
	for i := range v.members {
		if v.members[i].name == name {
			return v.members[i].value
		}
	}
	return value{}
}

// given reports whether there is a value that is not null.
func (v value) given() bool { return v.kind != absent && v.kind != null }

// parse reads exactly one JSON document. It is stricter than most: an object may not repeat a member, and the bytes must
// be UTF-8.
func parse(document []byte) (value, error) {
	if !utf8.Valid(document) {
		return value{}, errJSON
	}
	p := parser{rest: document}
	v, err := p.value(0)
	if err != nil {
		return value{}, err
	}
	p.space()
	if len(p.rest) > 0 {
		return value{}, errJSON
	}
	return v, nil
}

type parser struct{ rest []byte }

func (p *parser) space() {
	for len(p.rest) > 0 {
		switch p.rest[0] {
		case ' ', '\t', '\n', '\r':
			p.rest = p.rest[1:]
		default:
			return
		}
	}
}

// take consumes b after white space.
func (p *parser) take(b byte) bool {
	p.space()
	if len(p.rest) == 0 || p.rest[0] != b {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) value(depth int) (value, error) {
	p.space()
	if len(p.rest) == 0 || depth > maxDepth {
		return value{}, errJSON
	}
	start := p.rest
	var v value
	var err error
	switch c := p.rest[0]; {
	case c == '{':
		v.kind = object
		v.members, err = p.object(depth)
	case c == '[':
		v.kind = list
		v.items, err = p.list(depth)
	case c == '"':
		v.kind = text
		v.text, err = p.text()
	case c == '-' || (c >= '0' && c <= '9'):
		v.kind = number
		err = p.number()
	default:
		v.kind, v.truth, err = p.word()
	}
	v.raw = start[:len(start)-len(p.rest)]
	return v, err
}

func (p *parser) object(depth int) ([]member, error) {
	p.rest = p.rest[1:]
	members := []member{}
	if p.take('}') {
		return members, nil
	}
	var names map[string]bool // of an object with many members; looking through a few is quicker
	for {
		p.space()
		if len(p.rest) == 0 || p.rest[0] != '"' {
			return nil, errJSON
		}
		name, err := p.text()
		if err != nil || !p.take(':') {
			return nil, errJSON
		}
		if len(members) == manyMembers {
			names = map[string]bool{}
			for _, m := range members {
				names[m.name] = true
			}
		}
		if names[name] || names == nil && (value{members: members}).member(name).kind != absent {
			return nil, errJSON
		}
		if names != nil {
			names[name] = true
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, v})
		if p.take('}') {
			return members, nil
		}
		if !p.take(',') {
			return nil, errJSON
		}
	}
}

func (p *parser) list(depth int) ([]value, error) {
	p.rest = p.rest[1:]
	items := []value{}
	if p.take(']') {
		return items, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		if p.take(']') {
			return items, nil
		}
		if !p.take(',') {
			return nil, errJSON
		}
	}
}

// text reads a string. Escapes are rare and left to encoding/json.
func (p *parser) text() (string, error) {
	escaped := false
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return "", errJSON
		case c == '"':
			quoted := p.rest[:i+1]
			p.rest = p.rest[i+1:]
			if !escaped {
				return string(quoted[1 : len(quoted)-1]), nil
			}
			var s string
			if json.Unmarshal(quoted, &s) != nil {
				return "", errJSON
			}
			return s, nil
		}
	}
	return "", errJSON
}

func (p *parser) number() error {
	rest := p.rest
	if rest[0] == '-' {
		rest = rest[1:]
	}
	whole := run(rest)
	if whole == 0 || (whole > 1 && rest[0] == '0') {
		return errJSON
	}
	rest = rest[whole:]
	if len(rest) > 0 && rest[0] == '.' {
		fraction := run(rest[1:])
		if fraction == 0 {
			return errJSON
		}
		rest = rest[1+fraction:]
	}
	if len(rest) > 0 && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		power := run(rest)
		if power == 0 {
			return errJSON
		}
		rest = rest[power:]
	}
	p.rest = rest
	return nil
}

func run(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

func (p *parser) word() (kind, bool, error) {
	for _, w := range []struct {
		word  string
		kind  kind
		truth bool
	}{{"null", null, false}, {"true", boolean, true}, {"false", boolean, false}} {
		if len(p.rest) >= len(w.word) && string(p.rest[:len(w.word)]) == w.word {
			p.rest = p.rest[len(w.word):]
			return w.kind, w.truth, nil
		}
	}
	return absent, false, errJSON
}
