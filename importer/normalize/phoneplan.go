package normalize

import (
	"bytes"
	"regexp/syntax"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// plan is what the fast path knows of a region's numbering plan: enough to tell when the library would neither take
// digits away nor put any in. Everything it cannot tell goes to the library, which is fifty times slower.
type plan struct {
	region   string // "NL"
	code     string // calling code, "31"
	possible uint32 // bit n: a number of n digits is possible, calling code not counted
	longest  int    // most digits of a number, local ones included
	idd      pairs  // how international numbers may begin when dialled here
	trunk    pairs  // how numbers may begin from which the library strips or rewrites a prefix
	starts   pairs  // how the plan's numbers may begin
	dials00  bool   // the international prefix is 00 and nothing else
	trunk0   bool   // the trunk prefix is 0 and nothing else, and no number of the plan begins with 0
	main     *plan  // the plan of the calling code, which may be shared (US for +1)
}

// pairs is a set of two digits.
type pairs [100]bool

func (p *pairs) has(a, b byte) bool { return p[(a-'0')*10+b-'0'] }

// begins reports that a number of the plan can begin with digit.
func (p *plan) begins(digit byte) bool {
	for second := byte('0'); second <= '9'; second++ {
		if p.starts.has(digit, second) {
			return true
		}
	}
	return false
}

func (p *plan) takes(length int) bool { return length < 32 && p.possible&(1<<length) != 0 }

// plans holds the numbering plans of the world.
type plans struct {
	byRegion map[string]*plan // by lower-case alpha-2 code
	codes    [1000]*plan      // by calling code; the main region's
}

// phonePlans derives the plans from the library's metadata, once.
var phonePlans = sync.OnceValue(func() *plans {
	world := &plans{byRegion: make(map[string]*plan)}
	metadata, err := phonenumbers.MetadataCollection()
	if err != nil {
		return world // without plans every number goes to the library
	}
	for _, region := range metadata.GetMetadata() {
		p := newPlan(region)
		if _, err := strconv.Atoi(p.region); err != nil {
			world.byRegion[string(bytes.ToLower([]byte(p.region)))] = p
		}
		code := int(region.GetCountryCode())
		main := phonenumbers.GetRegionCodeForCountryCode(code)
		if main == p.region || main == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			world.codes[code] = p
		}
	}
	for _, p := range world.byRegion {
		code, _ := strconv.Atoi(p.code)
		p.main = world.codes[code]
	}
	return world
})

func newPlan(region *phonenumbers.PhoneMetadata) *plan {
	general := region.GetGeneralDesc()
	p := &plan{
		region: region.GetId(),
		code:   strconv.Itoa(int(region.GetCountryCode())),
		idd:    firstPairs(region.GetInternationalPrefix()),
		trunk:  firstPairs(region.GetNationalPrefixForParsing()),
		starts: firstPairs(general.GetNationalNumberPattern()),
	}
	for _, n := range general.GetPossibleLength() {
		if n > 0 {
			p.possible |= 1 << n
			p.longest = max(p.longest, int(n))
		}
	}
	for _, n := range general.GetPossibleLengthLocalOnly() {
		p.longest = max(p.longest, int(n))
	}
	p.dials00 = region.GetInternationalPrefix() == "00"
	p.trunk0 = region.GetNationalPrefixForParsing() == "0" && !p.begins('0')
	return p
}

// home returns the plan of a country by its lower-case alpha-2 code, nil if there is none.
func (w *plans) home(alpha2 string) *plan { return w.byRegion[alpha2] }

func (w *plans) byCode(code int) *plan {
	if code <= 0 || code >= len(w.codes) {
		return nil
	}
	return w.codes[code]
}

// split finds the calling code with which digits begin; no code is the beginning of another.
func (w *plans) split(digits []byte) (*plan, []byte) {
	code := 0
	for i := 0; i < len(digits) && i < 3; i++ {
		code = code*10 + int(digits[i]-'0')
		if code == 0 {
			return nil, nil
		}
		if p := w.codes[code]; p != nil {
			return p, digits[i+1:]
		}
	}
	return nil, nil
}

// plainInternational reports that digits are a calling code and a number of a possible length from which the library
// would strip nothing: they are E.164 as they stand.
func (w *plans) plainInternational(digits []byte) bool {
	if len(digits) < minE164 || len(digits) > maxE164 {
		return false
	}
	p, rest := w.split(digits)
	return p != nil && len(rest) >= 2 && p.takes(len(rest)) && !p.trunk.has(rest[0], rest[1]) && !zeros(rest)
}

// plainNational returns the digits that stand after the calling code, for digits dialled at home of which it is plain
// what they are: home's own international form, a number behind a trunk 0, or a number that is complete.
func (p *plan) plainNational(digits []byte) ([]byte, bool) {
	if len(digits) < minE164-3 || p.main == nil || p.idd.has(digits[0], digits[1]) {
		return nil, false
	}
	rest := digits
	switch {
	case bytes.HasPrefix(digits, []byte(p.code)):
		// With fewer digits the code could be the beginning of an area code.
		if len(digits) <= p.longest {
			return nil, false
		}
		rest = digits[len(p.code):]
	case digits[0] == '0' && p.trunk0 && p.main.trunk0:
		if rest = digits[1:]; !p.takes(len(rest)) {
			return nil, false
		}
	case len(digits) >= foreignLength:
		return nil, false
	}
	length := len(p.code) + len(rest)
	if len(rest) < 2 || length < minE164 || length > maxE164 || !p.main.takes(len(rest)) || zeros(rest) ||
		p.trunk.has(rest[0], rest[1]) || p.main.trunk.has(rest[0], rest[1]) ||
		!p.main.begins(rest[0]) && !p.begins(rest[0]) {
		return nil, false
	}
	return rest, true
}

func zeros(digits []byte) bool { return len(bytes.Trim(digits, "0")) == 0 }

// firstPairs returns every pair of digits with which a match of pattern can begin, by running the compiled pattern two
// characters far. A match that ends sooner may be followed by anything. A pattern that cannot be read gives every
// pair, so that the library decides.
func firstPairs(pattern string) (set pairs) {
	if pattern == "" {
		return set
	}
	prog, err := program(pattern)
	if err != nil {
		for i := range set {
			set[i] = true
		}
		return set
	}
	start := states{}
	ended := reach(prog, uint32(prog.Start), start)
	for first := range 10 {
		one, endedAtOne := step(prog, start, rune('0'+first))
		for second := range 10 {
			two, endedAtTwo := step(prog, one, rune('0'+second))
			set[first*10+second] = ended || endedAtOne || endedAtTwo || len(two) > 0
		}
	}
	return set
}

func program(pattern string) (*syntax.Prog, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return syntax.Compile(re.Simplify())
}

// states holds the instructions at which a pattern may stand.
type states map[uint32]bool

// step returns where the pattern may stand after reading digit, and whether a match may end there.
func step(prog *syntax.Prog, from states, digit rune) (next states, ended bool) {
	next = states{}
	for pc := range from {
		if inst := &prog.Inst[pc]; isRune(inst) && inst.MatchRune(digit) {
			ended = reach(prog, inst.Out, next) || ended
		}
	}
	return next, ended
}

// reach adds the states to which pc leads without reading, and reports whether the match may end there. Conditions
// such as $ are taken as met.
func reach(prog *syntax.Prog, pc uint32, seen states) bool {
	if seen[pc] {
		return false
	}
	inst := &prog.Inst[pc]
	switch inst.Op {
	case syntax.InstMatch:
		return true
	case syntax.InstFail:
		return false
	}
	seen[pc] = true
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		first := reach(prog, inst.Out, seen)
		return reach(prog, inst.Arg, seen) || first
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		return reach(prog, inst.Out, seen)
	}
	return false
}

func isRune(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}
