package event

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// arbitraryEvent is any event that the types allow, usable or not; one seed always gives the same.
func arbitraryEvent(seed uint64) *Event {
	r := rand.New(rand.NewPCG(seed, 7))
	e := &Event{
		Name: arbitraryText(r), Time: arbitraryInt(r), ID: arbitraryText(r), SourceURL: arbitraryText(r),
		ReferrerURL: arbitraryText(r), OptOut: r.IntN(2) == 0,
	}
	if e.ActionSource = ActionSource(arbitraryText(r)); r.IntN(3) > 0 {
		e.ActionSource = ActionSources()[r.IntN(len(ActionSources()))]
	}
	if r.IntN(2) == 0 {
		e.Processing = &DataProcessing{LDU: r.IntN(2) == 0, Country: int(arbitraryInt(r)), State: int(arbitraryInt(r))}
	}
	if r.IntN(2) == 0 {
		e.Original = &OriginalEvent{arbitraryText(r), arbitraryInt(r), arbitraryText(r), arbitraryText(r)}
	}
	for range r.IntN(12) {
		k := Keys()[r.IntN(len(Keys()))]
		if k.Hashed() && (k != ExternalID || r.IntN(2) == 0) {
			e.User.AddHash(k, Hash{byte(r.Uint32()), byte(r.Uint32()), 31: byte(r.Uint32())})
		} else {
			e.User.SetPlain(k, arbitraryText(r))
		}
	}
	if r.IntN(2) == 0 {
		e.User.SetPlain(LeadID, strconv.FormatInt(1e14+r.Int64N(1e17), 10))
	}
	if r.IntN(4) > 0 {
		e.Custom = arbitraryCustom(r)
	}
	switch r.IntN(6) {
	case 0:
		e.AppData = []byte(`{"extinfo": ["a2", "` + "\xff" + `"], "n": 1}`)
	case 1:
		e.AppData = []byte(arbitraryText(r))
	}
	return e
}

func arbitraryCustom(r *rand.Rand) CustomData {
	c := CustomData{
		Value: arbitraryMoney(r), Currency: arbitraryText(r), ContentName: arbitraryText(r), ContentCategory: arbitraryText(r),
		ContentType: arbitraryText(r), OrderID: arbitraryText(r), ItemNumber: arbitraryText(r), NumItems: arbitraryInt(r),
		PredictedLTV: arbitraryMoney(r), NetRevenue: arbitraryMoney(r), SearchString: arbitraryText(r), Status: arbitraryText(r),
		DeliveryCategory: arbitraryText(r), EventSource: arbitraryText(r), LeadEventSource: arbitraryText(r),
		Segmentation: arbitraryText(r),
	}
	for range r.IntN(4) {
		c.ContentIDs = append(c.ContentIDs, arbitraryText(r))
	}
	for range r.IntN(4) {
		c.Contents = append(c.Contents, Content{arbitraryText(r), arbitraryInt(r), arbitraryMoney(r), arbitraryText(r),
			arbitraryText(r), arbitraryText(r), arbitraryText(r), arbitraryText(r)})
	}
	for i := range r.IntN(5) {
		p := Property{Name: "own_" + strconv.Itoa(i) + arbitraryText(r), Kind: PropertyKind(r.IntN(3)), Value: arbitraryText(r)}
		switch {
		case p.Kind == Number && r.IntN(4) > 0:
			p.Value = arbitraryMoney(r).String()
		case p.Kind == Boolean && r.IntN(4) > 0:
			p.Value = strconv.FormatBool(r.IntN(2) == 0)
		}
		c.Properties = append(c.Properties, p)
	}
	slices.SortFunc(c.Properties, func(a, b Property) int { return cmp.Compare(a.Name, b.Name) })
	return c
}

func arbitraryInt(r *rand.Rand) int64 {
	switch r.IntN(4) {
	case 0:
		return 0
	case 1:
		return -r.Int64()
	}
	return r.Int64() >> r.IntN(60)
}

func arbitraryMoney(r *rand.Rand) Money {
	if r.IntN(3) == 0 {
		return Money{}
	}
	s := strconv.FormatInt(r.Int64N(maxUnits)>>r.IntN(50), 10)
	if at := r.IntN(len(s)); at > 0 {
		s = s[:at] + "." + s[at:]
	}
	m, err := ParseMoney([]string{"", "-"}[r.IntN(2)] + s)
	if err != nil {
		panic(err)
	}
	return m
}

// arbitraryText favours what escaping can get wrong.
func arbitraryText(r *rand.Rand) string {
	parts := []string{"a", "deal_closed", " ", "\"", "\\", "\n", "\r\t\b\f", "\x00\x1f\x7f", "\u2028\u2029", "<&>", "é정İ", "😀",
		"\xff", "\xe2\x80", "\ufffd", "/", "{}[],:", "EUR", "12", ""}
	var b strings.Builder
	for range r.IntN(5) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}
