package normalize

import "testing"

// BenchmarkHasher measures each key on an ordinary ASCII value with a Hasher that is warm, as an importer's is.
func BenchmarkHasher(b *testing.B) {
	for _, k := range keys() {
		b.Run(k.name, func(b *testing.B) {
			benchmarkKey(b, k, k.sample)
		})
	}
}

// BenchmarkHasherSlowPath measures values that leave the fast paths.
func BenchmarkHasherSlowPath(b *testing.B) {
	samples := map[string]string{
		"email": "JÖRG@Müller.de", "phone": "011 44 20 7946 0958", "name": "Valéry", "city": "São Paulo", "state": "Québec",
		"zip without country": "１００－０００１", "country": "Côte d’Ivoire", "gender": "женский",
	}
	for _, k := range keys() {
		if sample, ok := samples[k.name]; ok {
			b.Run(k.name, func(b *testing.B) {
				benchmarkKey(b, k, sample)
			})
		}
	}
}

func benchmarkKey(b *testing.B, k key, sample string) {
	var h Hasher
	if _, ok, note := k.hash(&h, sample); !ok {
		b.Fatalf("%q is %v", sample, note)
	}
	b.ReportAllocs()
	for b.Loop() {
		k.hash(&h, sample)
	}
}
