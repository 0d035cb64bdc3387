package event

import "testing"

// TestNoAllocation holds what runs for every row of an import.
func TestNoAllocation(t *testing.T) {
	sale := saleEvent(t)
	stored := sale.AppendBinary(nil)
	var into Event
	buffer := make([]byte, 0, 4096)
	key := []KeyPart{{"Store", "7"}, {"Receipt", "R-2026-004711"}, {"Date", "2026-11-19"}}
	tests := []struct {
		name string
		most float64
		run  func()
	}{
		{"Validate", 0, func() { sale.Validate(testNow) }},
		{"AppendBinary", 0, func() { sale.AppendBinary(buffer) }},
		{"AppendJSON", 0, func() { sale.AppendJSON(buffer) }},
		{"Fingerprint", 0, func() { sale.Fingerprint() }},
		{"DecodeBinary", 1, func() {
			if err := into.DecodeBinary(stored); err != nil {
				t.Fatal(err)
			}
		}},
		{"DeriveID", 1, func() { DeriveID("1234567890", "Purchase", key) }},
		{"MendName", 0, func() { MendName("deal_closed") }},
	}
	for _, test := range tests {
		if got := testing.AllocsPerRun(200, test.run); got > test.most {
			t.Errorf("%s allocates %v times, at most %v expected", test.name, got, test.most)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	e := saleEvent(b)
	b.ReportAllocs()
	for b.Loop() {
		e.Validate(testNow)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e, buffer := saleEvent(b), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buffer = e.AppendJSON(buffer[:0])
	}
}

func BenchmarkAppendBinary(b *testing.B) {
	e, buffer := saleEvent(b), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buffer = e.AppendBinary(buffer[:0])
	}
	b.ReportMetric(float64(len(buffer)), "B/event")
}

func BenchmarkDecodeBinary(b *testing.B) {
	stored := saleEvent(b).AppendBinary(nil)
	var e Event
	b.ReportAllocs()
	for b.Loop() {
		if err := e.DecodeBinary(stored); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeriveID(b *testing.B) {
	key := []KeyPart{{"Store", "7"}, {"Receipt", "R-2026-004711"}, {"Date", "2026-11-19"}}
	b.ReportAllocs()
	for b.Loop() {
		DeriveID("1234567890", "Purchase", key)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	e := saleEvent(b)
	b.ReportAllocs()
	for b.Loop() {
		e.Fingerprint()
	}
}
