// Package normalize turns one value of customer information into the form that Meta hashes, and into its SHA-256.
//
// There is one function per key of user_data. Each has three faces: the method of Hasher that an importer calls for
// every record, the plain function of the same name, and a Normal function that stops before the hash, for people
// and tests. The rules are those of Meta's documentation of the customer information parameters
// (https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters).
// Where Meta's own libraries disagree with it or with each other, the documentation wins, and the function's comment
// says so.
//
// What all keys share: a value is cleaned first (Clean, and what nobody sees or a spreadsheet wrapped around it goes
// too), a word that means "nothing" is Missing, 64 hex digits are a hash already and pass through, an MD5 or a SHA-1 is
// refused (an external_id may look like one), and the SHA-256 of the empty string neither enters nor leaves. Normalising
// a normal form gives the same again. What each key becomes is shown in docs/normalisation.md, which a test runs.
package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Hash is the SHA-256 of a normalised value.
type Hash = [sha256.Size]byte

// Hasher normalises and hashes with buffers that it keeps, so that plain ASCII costs no allocation. The zero Hasher
// is ready. It is not safe for concurrent use: give each worker its own. What its methods return does not share
// memory with it.
type Hasher struct {
	out    []byte // the normal form of the value at hand
	digits []byte // the digits of the phone number at hand
	ascii  bool   // the value at hand is printable ASCII

	lower     cases.Caser // stateful, and useless until hasLower
	hasLower  bool
	countries map[string]string // country names as written → code, "" for unknown; at most maxCountries
}

// maxCountries bounds the names a Hasher remembers: more distinct ones than this are free text, not countries.
const maxCountries = 512

// Email normalises and hashes an e-mail address (em); the bool says that a usable hash came out. See NormalEmail.
func (h *Hasher) Email(s string) (Hash, bool, Note) { return h.sum(h.email(s)) }

// Phone normalises and hashes a phone number (ph). See NormalPhone.
func (h *Hasher) Phone(s, recordCountry, defaultCountry string) (Hash, bool, Note) {
	return h.sum(h.phone(s, recordCountry, defaultCountry))
}

// FirstName normalises and hashes a first name (fn). See NormalFirstName.
func (h *Hasher) FirstName(s string) (Hash, bool, Note) { return h.sum(h.name(s)) }

// LastName normalises and hashes a last name (ln). See NormalLastName.
func (h *Hasher) LastName(s string) (Hash, bool, Note) { return h.sum(h.name(s)) }

// City normalises and hashes a city (ct). See NormalCity.
func (h *Hasher) City(s string) (Hash, bool, Note) { return h.sum(h.city(s)) }

// State normalises and hashes a state or province (st). See NormalState.
func (h *Hasher) State(s, country string) (Hash, bool, Note) { return h.sum(h.state(s, country)) }

// Zip normalises and hashes a postal code (zp). See NormalZip.
func (h *Hasher) Zip(s, country string) (Hash, bool, Note) { return h.sum(h.zip(s, country)) }

// Country normalises and hashes a country. See NormalCountry.
func (h *Hasher) Country(s string) (Hash, bool, Note) { return h.sum(h.country(s)) }

// Birth normalises and hashes a date of birth (db). See NormalBirth.
func (h *Hasher) Birth(s, layout string, today time.Time) (Hash, bool, Note) {
	return h.sum(h.birth(s, layout, today))
}

// Gender normalises and hashes a gender (ge). See NormalGender.
func (h *Hasher) Gender(s, recordCountry, defaultCountry string) (Hash, bool, Note) {
	return h.sum(h.gender(s, recordCountry, defaultCountry))
}

// ExternalID normalises and hashes an external_id. See NormalExternalID.
func (h *Hasher) ExternalID(s string, lower bool) (Hash, bool, Note) {
	return h.sum(h.externalID(s, lower))
}

// begin cleans a value and settles what is the same for every key. Only when the note is NoteNone is there text
// left to normalise; with WeakHash there is the text of the hash.
func (h *Hasher) begin(s string) (string, Note) {
	h.out = h.out[:0]
	var text string
	text, h.ascii = cleanIdentifier(s)
	if missingWord(text) {
		return "", Missing
	}
	if note := h.hashed(text); note != NoteNone {
		return text, note
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return "", Garbled
	}
	return text, NoteNone
}

// settle judges the text that a key's rule left in h.out. Taking characters away can leave a word for "nothing" or
// the digits of a hash ("n-o-n-e"); those mean then what they would have meant at first.
func (h *Hasher) settle() Note {
	if len(h.out) == 0 {
		return Unusable
	}
	if len(h.out) <= longestMissing && missingWord(string(h.out)) {
		h.out = h.out[:0]
		return Missing
	}
	if n := len(h.out); n == md5Digits || n == sha1Digits || n >= sha256Digits {
		text := string(h.out)
		h.out = h.out[:0]
		if note := h.hashed(text); note != NoteNone {
			return note
		}
		h.out = append(h.out, text...)
	}
	return NoteNone
}

// drop empties the normal form, so that nothing of a refused value is left to hash.
func (h *Hasher) drop(n Note) Note {
	h.out = h.out[:0]
	return n
}

// sum hashes the normal form.
func (h *Hasher) sum(n Note) (Hash, bool, Note) {
	if n == Missing || n.Dropped() {
		return Hash{}, false, n
	}
	if n == Prehashed {
		var given Hash
		if _, err := hex.Decode(given[:], h.out); err != nil {
			return Hash{}, false, Unusable
		}
		return given, true, n
	}
	return sha256.Sum256(h.out), true, n
}

// lowerOut lowercases the normal form by Unicode's full mapping and composes it (NFC).
func (h *Hasher) lowerOut() {
	if lowerASCII(h.out) {
		return
	}
	if !h.hasLower {
		// The x/text caser agrees with JavaScript's toLowerCase, which Meta's pixel uses; strings.ToLower does
		// not, for İ and for a final Σ.
		h.lower, h.hasLower = cases.Lower(language.Und), true
	}
	h.out = append(h.out[:0], norm.NFC.Bytes(h.lower.Bytes(h.out))...)
}

// lowerASCII lowercases in place and reports that all of b was ASCII; otherwise it leaves the rest alone.
func lowerASCII(b []byte) bool {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return true
}
