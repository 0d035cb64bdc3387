package normalize

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// key is a key of user_data with everything that fuzzers and benchmarks need of it.
type key struct {
	name     string
	sample   string // ordinary ASCII, as most values are
	normal   func(h *Hasher, s string) Note
	hash     func(h *Hasher, s string) (Hash, bool, Note)
	alphabet func(r rune) bool                   // of the normal form
	again    func(h *Hasher, normal string) Note // reads a normal form again, nil for normal: it may need to say what it is
}

func keys() []key {
	digit := func(r rune) bool { return '0' <= r && r <= '9' }
	code := func(r rune) bool { return 'a' <= r && r <= 'z' }
	plus := func(h *Hasher, s string) Note {
		if len(s) != sha256Digits {
			s = "+" + s
		}
		return h.phone(s, "", "")
	}
	word := func(r rune) bool { return letters.has(r) || numbers.has(r) }
	return []key{
		{"email", "Mary.Smith@Example.com", (*Hasher).email, (*Hasher).Email,
			func(r rune) bool { return word(r) || strings.ContainsRune("@!#$%&'*+-/=?^_`{|}~.", r) }, nil},
		{"phone", "+1 (650) 555-1212", func(h *Hasher, s string) Note { return h.phone(s, "US", "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Phone(s, "US", "") }, digit, plus},
		{"phone without country", "+442079460958", func(h *Hasher, s string) Note { return h.phone(s, "", "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Phone(s, "", "") }, digit, plus},
		{"name", "Mary-Ann", (*Hasher).name, (*Hasher).FirstName, word, nil},
		{"city", "Menlo Park", (*Hasher).city, (*Hasher).City, letters.has, nil},
		{"state", "California", func(h *Hasher, s string) Note { return h.state(s, "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.State(s, "") }, word, nil},
		{"state in canada", "Ont.", func(h *Hasher, s string) Note { return h.state(s, "CA") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.State(s, "CA") }, code, nil},
		{"zip", "94115-1234", func(h *Hasher, s string) Note { return h.zip(s, "US") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Zip(s, "US") }, word, nil},
		{"zip without country", "M1 1AE", func(h *Hasher, s string) Note { return h.zip(s, "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Zip(s, "") }, word, nil},
		{"country", "United States", (*Hasher).country, (*Hasher).Country, code, nil},
		{"birth", "1997-02-16", func(h *Hasher, s string) Note { return h.birth(s, "", testDay) },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Birth(s, "", testDay) }, digit, nil},
		{"birth with layout", "2/16/1997", func(h *Hasher, s string) Note { return h.birth(s, "1/2/2006", testDay) },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Birth(s, "1/2/2006", testDay) }, digit, nil},
		{"gender", "Female", func(h *Hasher, s string) Note { return h.gender(s, "", "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Gender(s, "", "") }, func(r rune) bool { return r == 'f' || r == 'm' }, nil},
		{"gender where Spanish is spoken", "Mujer", func(h *Hasher, s string) Note { return h.gender(s, "MX", "") },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.Gender(s, "MX", "") }, func(r rune) bool { return r == 'f' || r == 'm' },
			func(h *Hasher, s string) Note { return h.gender(s, "", "") }},
		{"external_id", "CUST-00042", func(h *Hasher, s string) Note { return h.externalID(s, false) },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.ExternalID(s, false) }, func(rune) bool { return true }, nil},
		{"external_id in lower case", "CUST-00042", func(h *Hasher, s string) Note { return h.externalID(s, true) },
			func(h *Hasher, s string) (Hash, bool, Note) { return h.ExternalID(s, true) }, func(r rune) bool { return r < 'A' || r > 'Z' }, nil},
	}
}

// checkKey holds what is true of every value: no panic, a hash exactly when there is a normal form, the documented
// alphabet, the same again from the normal form, the same from a fresh Hasher, and never the hash of nothing.
func checkKey(t *testing.T, h *Hasher, k key, s string) {
	t.Helper()
	note := k.normal(h, s)
	normal := string(h.out)
	if usable := note != Missing && !note.Dropped(); usable != (normal != "") {
		t.Fatalf("%s: %q became %q with note %v", k.name, s, normal, note)
	}
	hash, ok, hashNote := k.hash(h, s)
	if ok != (normal != "") || hashNote != note {
		t.Fatalf("%s: %q became %q (%v), its hash is usable %v (%v)", k.name, s, normal, note, ok, hashNote)
	}
	if fresh, freshOK, freshNote := k.hash(new(Hasher), s); fresh != hash || freshOK != ok || freshNote != note {
		t.Fatalf("%s: %q: a fresh Hasher says %x, %v (%v), a used one %x, %v (%v)", k.name, s, fresh, freshOK, freshNote, hash, ok, note)
	}
	if !ok {
		if hash != (Hash{}) {
			t.Fatalf("%s: %q has hash %x and no normal form", k.name, s, hash)
		}
		return
	}
	if hash == sha256.Sum256(nil) {
		t.Fatalf("%s: %q has the hash of the empty string", k.name, s)
	}
	if !utf8.ValidString(normal) || !norm.NFC.IsNormalString(normal) || strings.TrimFunc(normal, unicode.IsSpace) != normal {
		t.Fatalf("%s: %q became %q, which is not clean", k.name, s, normal)
	}
	if note != Prehashed {
		for _, r := range normal {
			if !k.alphabet(r) {
				t.Fatalf("%s: %q became %q, in which %q does not belong", k.name, s, normal, r)
			}
		}
	}
	read := k.normal
	if k.again != nil {
		read = k.again
	}
	if again := read(h, normal); string(h.out) != normal || again.Dropped() {
		t.Fatalf("%s: %q became %q, and that becomes %q (%v)", k.name, s, normal, h.out, again)
	}
}

// fuzzKeys fuzzes the keys of that name, seeded with the cases all keys share and its own.
func fuzzKeys(f *testing.F, name string, seeds ...string) {
	for _, c := range shared() {
		f.Add(c.in)
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	var fuzzed []key
	for _, k := range keys() {
		if strings.HasPrefix(k.name, name) {
			f.Add(k.sample)
			fuzzed = append(fuzzed, k)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		var h Hasher
		for _, k := range fuzzed {
			checkKey(t, &h, k, s)
		}
	})
}

func FuzzEmail(f *testing.F) {
	fuzzKeys(f, "email", "Mary <mary@example.com>", "mailto:mary@example.com", "JÖRG@MÜLLER.de", "İ@x.tr", "ｍ＠ｘ．ｃｏ", "'a@b.co'", "a@b.ΟΔΟΣ")
}

func FuzzPhone(f *testing.F) {
	fuzzKeys(f, "phone", "US (650)555-1212", "+44 (0)20 7946 0958", "0049 171/1234567", "650 555 1212 x 3", "+٩٦٦٥٠١٢٣٤٥٦٧", "+1;ext=2", "DE 302", "+80012345678", "06-12345678 / 020-1234567",
		"+43 1 1234 01234567", "1\n2", "☎ 090ー1234ー5678")
}

func FuzzName(f *testing.F) {
	fuzzKeys(f, "name", "O'Brien", "Vale\u0301ry", "ΓΙΩΡΓΟΣ", "İ", "e-\u0301", "❤️", "葛\U000e0100", "\u3164", "1️⃣a", "n o n e", "5d41402abc4b2a76 b9719d911017c592", "Σ Σ", "\u0301")
}

func FuzzCity(f *testing.F) {
	fuzzKeys(f, "city", "San José", "北京", "St. 1 Louis", "ΑΣ-Β", "\u0345", "A\u030a")
}

func FuzzState(f *testing.F) {
	fuzzKeys(f, "state", "Calif.", "Québec", "US-CA", "State of New York", "加州", "Hawaiʻi", "state", "California (CA)", "Kent", "-CA")
}

func FuzzZip(f *testing.F) {
	fuzzKeys(f, "zip", "2134", "2134.0", "〒１００－０００１", "12345-6789", "0", "K1A 0B1", "5d41402abc4b2a76-b9719d911017c592")
}

func FuzzCountry(f *testing.F) {
	fuzzKeys(f, "country", "UK", "U.S.A.", "Korea (North)", "Côte d'Ivoire", "日本", "(", "the of and", "DE - Germany", "ＵＳ", "-DE")
}

func FuzzBirth(f *testing.F) {
	fuzzKeys(f, "birth", "19970216", "1997-02-16T00:00:00Z", "0000-00-00", "١٩٩٧-٠٢-١٦", "02/30/1997")
}

func FuzzGender(f *testing.F) {
	fuzzKeys(f, "gender", "Mr.", "she/her", "女性", "Ж", "M", "Ｖ", "h")
}

func FuzzExternalID(f *testing.F) {
	fuzzKeys(f, "external_id", "003Dn00000Xyz12", "İ", "\u212a", "a\x00b", "ΟΔΟΣ Σ", `=\"'1.0\"`, "0.0", "''0", "{0}", "5d41402abc4b2a76b9719d911017c592.0")
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", " a ", "e\u200b\u0301", "\xff", "a\u00a0", "\ufeff", "\u110c\u1165\u11bc", "\u0344", "e\ufe0f\u0301", `="'a"`, "''"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := Clean(s)
		if again := Clean(clean); again != clean {
			t.Fatalf("Clean(%q) = %q, and of that %q", s, clean, again)
		}
		if !utf8.ValidString(clean) || !norm.NFC.IsNormalString(clean) || strings.ContainsFunc(clean, unicode.IsControl) {
			t.Fatalf("Clean(%q) = %q", s, clean)
		}
		bare, _ := cleanIdentifier(s)
		if again, _ := cleanIdentifier(bare); again != bare || Clean(bare) != bare {
			t.Fatalf("of %q is left %q, and of that %q", s, bare, again)
		}
		if IsMissing(s) != IsMissing(clean) {
			t.Fatalf("%q is missing: %v, cleaned: %v", s, IsMissing(s), IsMissing(clean))
		}
	})
}

// FuzzPhoneText holds the reader of phone numbers to its promise that what it hands on is digits, and bounded.
func FuzzPhoneText(f *testing.F) {
	for _, seed := range []string{"+1 (0)2", "1/2", "x", "(0)(0)1", "+", "12345678/9", "1234567x1", "US +1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var h Hasher
		text, note := h.begin(s)
		if note != NoteNone {
			return
		}
		number, ok := h.readPhone(text)
		if !ok {
			return
		}
		if len(number.digits) > maxDialled || len(bytes.Trim(number.digits, "0123456789")) != 0 {
			t.Fatalf("%q has the digits %q", s, number.digits)
		}
		if number.trunkZero >= 0 && number.digits[number.trunkZero] != '0' {
			t.Fatalf("%q has its trunk zero at %d of %q", s, number.trunkZero, number.digits)
		}
	})
}
