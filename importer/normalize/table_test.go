package normalize

import (
	"crypto/sha256"
	"testing"
)

// outcome is one case of a key's table: what the value becomes, and what is said about it.
type outcome struct {
	name, in, want string
	note           Note
}

// checkTable runs a key's cases by both faces of the rule, and holds the number of cases to a minimum.
func checkTable(t *testing.T, cases []outcome, normal func(string) (string, Note), hashed func(string) (Hash, bool, Note)) {
	t.Helper()
	t.Parallel()
	if len(cases) < 20 {
		t.Errorf("only %d cases", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, note := normal(c.in)
			if got != c.want || note != c.note {
				t.Errorf("%q became %q (%v), want %q (%v)", c.in, got, note, c.want, c.note)
			}
			hash, ok, note := hashed(c.in)
			if ok != (c.want != "") || note != c.note {
				t.Errorf("%q hashed: usable %v, note %v, want %v, %v", c.in, ok, note, c.want != "", c.note)
			}
			if ok && c.note != Prehashed && hash != sha256.Sum256([]byte(c.want)) {
				t.Errorf("%q has the hash of something other than %q", c.in, c.want)
			}
		})
	}
}

const (
	aSHA256 = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	anMD5   = "5d41402abc4b2a76b9719d911017c592"
	aSHA1   = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
)

// shared are the cases that every key must settle alike.
func shared() []outcome {
	return []outcome{
		{"shared: empty", "", "", Missing},
		{"shared: spaces", "   ", "", Missing},
		{"shared: no-break space", "\u00a0", "", Missing},
		{"shared: byte order mark", "\ufeff", "", Missing},
		{"shared: null", "NULL", "", Missing},
		{"shared: n/a", "n/a", "", Missing},
		{"shared: none", "None", "", Missing},
		{"shared: dash", "-", "", Missing},
		{"shared: unknown", " Unknown ", "", Missing},
		{"shared: sha-256", aSHA256, aSHA256, Prehashed},
		{"shared: sha-256 in capitals", "62A14E44F765419D10FEA99367361A727C12365E2520F32218D505ED9AA0F62F", aSHA256, Prehashed},
		{"shared: sha-256 with appendix", aSHA256 + ".AQYBAQEB", aSHA256, Prehashed},
		{"shared: sha-256 of nothing", emptySum, "", EmptyHash},
		{"shared: md5", anMD5, "", WeakHash},
		{"shared: sha-1", aSHA1, "", WeakHash},
		{"shared: not utf-8", "Val\xe9ry", "", Garbled},
		{"shared: replacement character", "Val\ufffdry", "", Garbled},
	}
}
