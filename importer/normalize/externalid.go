package normalize

import "strings"

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
// What a spreadsheet put around an id goes: ="0012", '0012 and the ".0" of 1001.0. An id of nothing but zeros (0, the
// UUID of zeros) is how systems write "nobody" and Unusable, because it would make all of them one person.
//
// 32 or 40 hex digits are hashed like any other id, unlike in the other keys: that is what the ids of ServiceNow and
// UUIDs without dashes look like. Only the MD5 and the SHA-1 of nothing are refused. 64 hex digits are a SHA-256.
//
// Meta's parameter builders lowercase and take out every space, its SDKs lowercase and trim: spaces inside stay here.
func NormalExternalID(s string, lower bool) (string, Note) {
	var h Hasher
	n := h.externalID(s, lower)
	return string(h.out), n
}

// What an exporter that hashes with MD5 or SHA-1 makes of "no value".
const (
	emptyMD5  = "d41d8cd98f00b204e9800998ecf8427e"
	emptySHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
)

func (h *Hasher) externalID(s string, lower bool) Note {
	text, note := h.begin(s)
	if note != NoteNone && note != WeakHash {
		return note
	}
	if note == WeakHash && (strings.EqualFold(text, emptyMD5) || strings.EqualFold(text, emptySHA1)) {
		return h.drop(EmptyHash)
	}
	if before, found := strings.CutSuffix(text, ".0"); found && before != "" && asciiDigits(before) {
		text = before
	}
	if last := text[len(text)-1]; (last == '0' || last == '}') && strings.Trim(text, "0-{}") == "" {
		return h.drop(Unusable)
	}
	h.out = append(h.out, text...)
	if lower {
		h.lowerOut()
	}
	return NoteNone
}
