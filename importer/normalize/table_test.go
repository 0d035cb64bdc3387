package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// outcome is one case of a key's table: what the value becomes, and what is said about it.
type outcome struct {
	name, in, want string
	note           Note
}

// table is what a key makes of values in one setting, such as one country.
type table struct {
	setting string
	cases   []outcome
	normal  func(string) (string, Note)
	hashed  func(string) (Hash, bool, Note)
}

// leastCases is how many named cases of its own every key has, over all settings.
const leastCases = 40

// checkTables runs a key's cases by both faces of its rule, in every setting with the shared ones.
func checkTables(t *testing.T, shared []outcome, tables ...table) {
	t.Helper()
	t.Parallel()
	own := 0
	for _, tab := range tables {
		own += len(tab.cases)
		t.Run(tab.setting, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for _, c := range append(shared[:len(shared):len(shared)], tab.cases...) {
				if seen[c.name] {
					t.Errorf("two cases are named %q", c.name)
				}
				seen[c.name] = true
				t.Run(c.name, func(t *testing.T) { tab.check(t, c) })
			}
		})
	}
	if own < leastCases {
		t.Errorf("the key has %d cases of its own, want at least %d", own, leastCases)
	}
}

func (tab table) check(t *testing.T, c outcome) {
	got, note := tab.normal(c.in)
	if got != c.want || note != c.note {
		t.Errorf("%q became %q (%v), want %q (%v)", c.in, got, note, c.want, c.note)
	}
	hash, ok, note := tab.hashed(c.in)
	if ok != (c.want != "") || note != c.note {
		t.Errorf("%q hashed: usable %v, note %v, want %v, %v", c.in, ok, note, c.want != "", c.note)
	}
	switch {
	case ok && c.note == Prehashed && hex.EncodeToString(hash[:]) != c.want:
		t.Errorf("%q has the hash %x, want it as it came", c.in, hash)
	case ok && c.note != Prehashed && hash != sha256.Sum256([]byte(c.want)):
		t.Errorf("%q has the hash of something other than %q", c.in, c.want)
	}
}

const (
	aSHA256 = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	anMD5   = "5d41402abc4b2a76b9719d911017c592"
	aSHA1   = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
)

// shared are the cases that every key must settle alike.
func shared() []outcome {
	return append(sharedByIDs(), []outcome{
		{"shared: md5", anMD5, "", WeakHash},
		{"shared: md5 in capitals", "5D41402ABC4B2A76B9719D911017C592", "", WeakHash},
		{"shared: sha-1", aSHA1, "", WeakHash},
		{"shared: sha-1 behind an apostrophe", "'" + aSHA1, "", WeakHash},
		{"shared: md5 of nothing", emptyMD5, "", WeakHash},
		{"shared: sha-1 of nothing", emptySHA1, "", WeakHash},
	}...)
}

// sharedByIDs are the cases that external_id settles like all others.
func sharedByIDs() []outcome {
	return []outcome{
		{"shared: empty", "", "", Missing},
		{"shared: spaces", "   ", "", Missing},
		{"shared: no-break space", "\u00a0", "", Missing},
		{"shared: byte order mark", "\ufeff", "", Missing},
		{"shared: zero-width space", "\u200b", "", Missing},
		{"shared: direction marks", "\u200f\u202b\u202c", "", Missing},
		{"shared: hangul filler", "\u3164", "", Missing},
		{"shared: variation selector", "\ufe0f", "", Missing},
		{"shared: null", "NULL", "", Missing},
		{"shared: n/a", "n/a", "", Missing},
		{"shared: none", "None", "", Missing},
		{"shared: dash", "-", "", Missing},
		{"shared: unknown", " Unknown ", "", Missing},
		{"shared: null in a formula", `="NULL"`, "", Missing},
		{"shared: dash behind an apostrophe", "'-", "", Missing},
		{"shared: sha-256", aSHA256, aSHA256, Prehashed},
		{"shared: sha-256 in capitals", "62A14E44F765419D10FEA99367361A727C12365E2520F32218D505ED9AA0F62F", aSHA256, Prehashed},
		{"shared: sha-256 with appendix", aSHA256 + ".AQYBAQEB", aSHA256, Prehashed},
		{"shared: sha-256 with spaces and marks", "\ufeff " + aSHA256 + "\u200b\n", aSHA256, Prehashed},
		{"shared: sha-256 in a formula", `="` + aSHA256 + `"`, aSHA256, Prehashed},
		{"shared: sha-256 of nothing", emptySum, "", EmptyHash},
		{"shared: sha-256 of nothing in capitals", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "", EmptyHash},
		{"shared: sha-256 of nothing with appendix", emptySum + ".AQYBAQEB", "", EmptyHash},
		{"shared: not utf-8", "Val\xe9ry", "", Garbled},
		{"shared: replacement character", "Val\ufffdry", "", Garbled},
	}
}
