package normalize

// FirstName normalises and hashes a first name (fn). See NormalFirstName.
func FirstName(s string) (Hash, bool, Note) {
	var h Hasher
	return h.FirstName(s)
}

// LastName normalises and hashes a last name (ln). See NormalLastName.
func LastName(s string) (Hash, bool, Note) {
	var h Hasher
	return h.LastName(s)
}

// NormalFirstName returns the form of a first name that is hashed as fn. Meta: lower case, no punctuation, UTF-8 for
// letters beyond a to z. Letters of every script, their marks and numbers are kept; spaces, punctuation and symbols
// of every script fall away, so that O'Brien and O’Brien are one name. A value without a letter is Unusable.
//
// Meta's parameter builders strip ASCII punctuation alone, and its SDKs nothing; the documentation's rule does not
// depend on the keyboard that typed the apostrophe.
func NormalFirstName(s string) (string, Note) {
	var h Hasher
	n := h.name(s)
	return string(h.out), n
}

// NormalLastName returns the form of a last name that is hashed as ln. The rule is NormalFirstName's.
func NormalLastName(s string) (string, Note) { return NormalFirstName(s) }

func (h *Hasher) name(s string) Note { return h.words(s, letters|numbers) }

// words is the rule that names and cities share.
func (h *Hasher) words(s string, k kind) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	h.keep(text, k)
	if !hasLetter(h.out) {
		return h.drop(Unusable)
	}
	return h.settle()
}
