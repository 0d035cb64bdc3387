package normalize

// Lengths of the hex forms of hashes that are found in exports.
const (
	md5Digits    = 32
	sha1Digits   = 40
	sha256Digits = 64
)

// emptySum is the SHA-256 of the empty string in hex: what a careless exporter sends for "no value".
const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// maxAppendix bounds what may follow the dot after a hash.
const maxAppendix = 32

// hashed recognises a value that is a hash already. 64 hex digits of any case become the normal form in lower case;
// Meta's parameter builder may have put ".<appendix>" behind them, which tells Meta about the sender and is no part
// of the hash, so it is cut off. Meta's SDKs let an MD5 through as well; its documentation asks for SHA-256 alone,
// and nothing else can match.
func (h *Hasher) hashed(text string) Note {
	switch {
	case len(text) < md5Digits:
		return NoteNone
	case len(text) == md5Digits || len(text) == sha1Digits:
		if hexDigits(text) {
			return WeakHash
		}
		return NoteNone
	case len(text) < sha256Digits || !hexDigits(text[:sha256Digits]) || !appendix(text[sha256Digits:]):
		return NoteNone
	}
	h.out = append(h.out[:0], text[:sha256Digits]...)
	lowerASCII(h.out)
	if string(h.out) == emptySum {
		return h.drop(EmptyHash)
	}
	return Prehashed
}

func hexDigits(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// appendix reports that s may follow a hash: nothing, or a dot and a short base64url word.
func appendix(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != '.' || len(s) == 1 || len(s) > 1+maxAppendix {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !asciiLetter(c) && !asciiDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
