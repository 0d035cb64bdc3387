package normalize

// Note says what became of a value, beside the hash; the zero Note is "nothing to say".
type Note uint8

// The notes. Those for which Dropped holds are warnings: something was there and no hash came out.
const (
	NoteNone     Note = iota
	Missing           // "", null, n/a, none, -, unknown: not a value, no warning
	Prehashed         // 64 hex digits passed through
	WeakHash          // 32-digit MD5 or 40-digit SHA-1: refused for this field (warning)
	EmptyHash         // the SHA-256 of the empty string: refused (warning)
	Unusable          // could not be understood (bad e-mail, unresolvable phone, unknown country): dropped with a warning
	ZeroRestored      // a US zip got the leading zero back that a spreadsheet took (warning, value kept)
	Garbled           // characters were destroyed by a wrong text encoding: dropped with a warning
	Omitted           // understood, and Meta has no code for it (a gender other than f and m): left out
	Ambiguous         // one letter for a gender that means the other one in another language: left out
)

// String returns the note in snake_case. The words are stable: they are counted and stored.
func (n Note) String() string {
	switch n {
	case NoteNone:
		return "none"
	case Missing:
		return "missing"
	case Prehashed:
		return "prehashed"
	case WeakHash:
		return "weak_hash"
	case EmptyHash:
		return "empty_hash"
	case Unusable:
		return "unusable"
	case ZeroRestored:
		return "zero_restored"
	case Garbled:
		return "garbled"
	case Omitted:
		return "omitted"
	case Ambiguous:
		return "ambiguous"
	}
	return "undefined"
}

// Sentence returns one sentence for people, which never contains a value; it is "" for NoteNone, Missing and
// Prehashed, about which there is nothing to say.
func (n Note) Sentence() string {
	switch n {
	case WeakHash:
		return "This looks like an MD5 or SHA-1 hash, which Meta cannot match; export the plain value or its SHA-256."
	case EmptyHash:
		return "This is the SHA-256 of an empty value, which would match strangers with each other; leave the field empty instead."
	case Unusable:
		return "This value could not be understood, so it is not sent; correct it in the source, or state the country or date format it is written in."
	case ZeroRestored:
		return "This US zip code had lost its leading zero, which was put back; format the column as text when exporting."
	case Garbled:
		return "Characters of this value were destroyed by a wrong text encoding, so it is not sent; state the file's encoding, or export it as UTF-8."
	case Omitted:
		return "Meta knows the genders f and m only, so this value is not sent."
	case Ambiguous:
		return "This letter means man in one language and woman in another, so it is not sent; export the whole word, such as hombre or mujer."
	}
	return ""
}

// Dropped reports that no hash came out although something was there.
func (n Note) Dropped() bool {
	switch n {
	case WeakHash, EmptyHash, Unusable, Garbled, Omitted, Ambiguous:
		return true
	}
	return false
}
