package normalize

// City normalises and hashes a city (ct). See NormalCity.
func City(s string) (Hash, bool, Note) {
	var h Hasher
	return h.City(s)
}

// NormalCity returns the form of a city that is hashed as ct. Meta: lower case with no punctuation, no special
// characters and no spaces; its SDKs take digits out too, and so does this. Letters of every script and their
// accents stay: San José is sanjosé. A value without a letter is Unusable.
//
// Meta's parameter builders keep a to z alone, so that São Paulo would become sopaulo; its documentation asks for
// UTF-8 where a name has other letters.
func NormalCity(s string) (string, Note) {
	var h Hasher
	n := h.city(s)
	return string(h.out), n
}

func (h *Hasher) city(s string) Note { return h.words(s, letters) }
