package normalize

// ExternalID normalises and hashes an external_id. See NormalExternalID.
func ExternalID(s string, lower bool) (Hash, bool, Note) {
	var h Hasher
	return h.ExternalID(s, lower)
}

// NormalExternalID returns the form of an external_id that is hashed: cleaned and trimmed, and in lower case if
// lower is true. Meta asks for no more than that the same person's id is the same over every channel, and recommends
// hashing it; so whoever sends it elsewhere too (the pixel, an SDK) sets lower as that channel does. Salesforce ids
// of 15 characters differ by case alone and must not be lowercased.
//
// Meta's parameter builders lowercase and take out every space, its SDKs lowercase and trim: spaces inside stay here.
func NormalExternalID(s string, lower bool) (string, Note) {
	var h Hasher
	n := h.externalID(s, lower)
	return string(h.out), n
}

func (h *Hasher) externalID(s string, lower bool) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	h.out = append(h.out, text...)
	if lower {
		h.lowerOut()
	}
	return NoteNone
}
