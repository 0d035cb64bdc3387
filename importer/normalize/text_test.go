package normalize

import (
	"strings"
	"sync"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "Mary", "Mary"},
		{"spaces around", "  Mary ", "Mary"},
		{"spaces inside stay", "Mary  Ann", "Mary  Ann"},
		{"tab and line break around", "\tMary\r\n", "Mary"},
		{"line break inside", "Mary\nAnn", "Mary Ann"},
		{"no-break space", "Mary\u00a0Ann\u00a0", "Mary Ann"},
		{"narrow no-break space", "1\u202f000", "1 000"},
		{"ideographic space", "山田\u3000太郎", "山田 太郎"},
		{"line separator", "a\u2028b", "a b"},
		{"byte order mark", "\ufeffMary", "Mary"},
		{"zero-width space", "Ma\u200bry", "Mary"},
		{"zero-width joiner", "Ma\u200dry", "Mary"},
		{"zero-width non-joiner", "Ma\u200cry", "Mary"},
		{"word joiner", "Ma\u2060ry", "Mary"},
		{"soft hyphen", "Ma\u00adry", "Mary"},
		{"direction marks", "\u202aMary\u202c\u200e", "Mary"},
		{"nul", "Ma\x00ry", "Mary"},
		{"escape", "Ma\x1bry", "Mary"},
		{"delete", "Ma\x7fry", "Mary"},
		{"c1 control", "Ma\u0081ry", "Mary"},
		{"next line", "Mary\u0085Ann", "Mary Ann"},
		{"decomposed", "e\u0301", "é"},
		{"decomposed around a zero-width space", "e\u200b\u0301", "é"},
		{"angstrom", "\u212b", "Å"},
		{"korean jamo", "\u110c\u1165\u11bc", "정"},
		{"compatibility forms stay", "ﬁ①", "ﬁ①"},
		{"invalid byte", "Val\xe9ry", "Val\ufffdry"},
		{"cut short", "Val\xc3", "Val\ufffd"},
		{"surrogate", "\xed\xa0\x80", "\ufffd"},
		{"emoji", "😀", "😀"},
		{"case stays", "ÄÖÜ", "ÄÖÜ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Clean(c.in); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestIsMissing(t *testing.T) {
	t.Parallel()
	missing := []string{
		"", " ", "\u00a0", "\ufeff", "null", "NULL", "Null", "(null)", "<NULL>", `\N`, "nil", "undefined", "none", "None", "n/a", "N/A",
		"N.A.", "#N/A", "NaN", "-", "--", "—", "–", "...", "?", "???", "/", "*", "****", "_", "- -", "unknown", " UNKNOWN ", "(blank)",
		"Not Available", "not applicable", "not specified", "(not set)", "Not Provided", "#REF!", "#VALUE!", "#DIV/0!", strings.Repeat("-", 40),
	}
	present := []string{
		"0", "NA", "na", "Nan", "nan", "x", "Nulls", "Noneman", "unknown person", "a-b", "+", "@", "!", "no", "né", "정", "Blank", "Nil Admirari",
		strings.Repeat("null", 9), "x" + strings.Repeat("-", 40),
	}
	for _, s := range missing {
		if !IsMissing(s) {
			t.Errorf("%q is not missing", s)
		}
	}
	for _, s := range present {
		if IsMissing(s) {
			t.Errorf("%q is missing", s)
		}
	}
}

// TestASCIIFastPathIsUnicodes holds the fast path to the slow one: every pair of ASCII characters comes out of both the
// same, so every ASCII string does, because neither looks further than at a character.
func TestASCIIFastPathIsUnicodes(t *testing.T) {
	t.Parallel()
	var h Hasher
	caser := cases.Lower(language.Und)
	for a := range 128 {
		for b := range 128 {
			text := string([]byte{byte(a), byte(b)})
			lower := []byte(text)
			if !lowerASCII(lower) || string(lower) != caser.String(text) {
				t.Fatalf("%q lowercased is %q, x/text says %q", text, lower, caser.String(text))
			}
			for _, k := range []kind{letters, letters | numbers} {
				h.out = h.out[:0]
				h.keep(text, k)
				fast := string(h.out)
				if h.keepUnicode(text, k); string(h.out) != fast {
					t.Fatalf("of %q the fast path keeps %q, Unicode %q", text, fast, h.out)
				}
			}
			if got, want := Clean(text), cleanUnicode(text); got != want {
				t.Fatalf("Clean(%q) = %q, Unicode says %q", text, got, want)
			}
		}
	}
}

// TestDigitValue holds the arithmetic on Unicode's table to what it rests on: ranges of whole tens, in order.
func TestDigitValue(t *testing.T) {
	t.Parallel()
	for _, span := range unicode.Nd.R16 {
		if span.Stride != 1 || (span.Hi-span.Lo+1)%10 != 0 {
			t.Errorf("the digits %U to %U are not whole tens", span.Lo, span.Hi)
		}
	}
	for _, span := range unicode.Nd.R32 {
		if span.Stride != 1 || (span.Hi-span.Lo+1)%10 != 0 {
			t.Errorf("the digits %U to %U are not whole tens", span.Lo, span.Hi)
		}
	}
	for _, zero := range []rune{'0', '٠', '۰', '०', '๐', '０', '𝟎', '𝟘'} {
		for value := range 10 {
			if got, ok := digitValue(zero + rune(value)); !ok || int(got) != value {
				t.Errorf("%c is read as %d, %v", zero+rune(value), got, ok)
			}
		}
	}
	for _, r := range []rune{'a', 'é', '½', '①', '五', ' ', '-'} {
		if _, ok := digitValue(r); ok {
			t.Errorf("%c is read as a digit", r)
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for note := NoteNone; note <= Ambiguous; note++ {
		name, sentence := note.String(), note.Sentence()
		if names[name] || name != strings.ToLower(name) || strings.ContainsAny(name, " -") || name == "undefined" {
			t.Errorf("note %d is called %q", note, name)
		}
		names[name] = true
		silent := note == NoteNone || note == Missing || note == Prehashed
		if silent != (sentence == "") {
			t.Errorf("%v says %q", note, sentence)
		}
		if !silent && (!strings.HasSuffix(sentence, ".") || !unicode.IsUpper(rune(sentence[0]))) {
			t.Errorf("%v says %q, which is no sentence", note, sentence)
		}
		if dropped := !silent && note != ZeroRestored; note.Dropped() != dropped {
			t.Errorf("%v drops the value: %v", note, note.Dropped())
		}
	}
	if beyond := Ambiguous + 1; beyond.String() != "undefined" || beyond.Sentence() != "" || beyond.Dropped() {
		t.Errorf("a note that does not exist is %q, says %q, drops %v", beyond, beyond.Sentence(), beyond.Dropped())
	}
}

// TestHashersDoNotDisturb runs two workers over all vectors, each with one Hasher for all keys, beside plain calls.
func TestHashersDoNotDisturb(t *testing.T) {
	t.Parallel()
	want, _, _ := LastName("ΓΙΩΡΓΟΣ")
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			var h Hasher
			for range 200 {
				h.Email("JÖRG@Example.com")
				h.Phone("(650) 555-1212", "US", "")
				h.Phone("011 15-2345-6789", "Argentina", "")
				h.Country("Côte d'Ivoire")
				if got, ok, _ := h.LastName("ΓΙΩΡΓΟΣ"); !ok || got != want {
					t.Errorf("a used Hasher gives %x, want %x", got, want)
				}
				if got, ok, _ := LastName("ΓΙΩΡΓΟΣ"); !ok || got != want {
					t.Errorf("a plain call gives %x, want %x", got, want)
				}
			}
		})
	}
	workers.Wait()
}

// TestHasherDoesNotAllocate holds the hot path to its promise.
func TestHasherDoesNotAllocate(t *testing.T) {
	var h Hasher
	for _, key := range keys() {
		t.Run(key.name, func(t *testing.T) {
			if got := testing.AllocsPerRun(100, func() { key.hash(&h, key.sample) }); got != 0 {
				t.Errorf("%v allocations for %q", got, key.sample)
			}
		})
	}
}
