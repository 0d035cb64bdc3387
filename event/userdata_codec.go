package event

// AppendBinary appends the identifiers by themselves, in the form in which an event is stored: a version, then a tag and
// a value for each, hashes as their 32 bytes. [UserData.DecodeBinary] reads it back exactly. Identifiers that are equal
// and arrived in the same order are equal bytes.
func (u *UserData) AppendBinary(dst []byte) []byte { return u.appendBinary(append(dst, codecVersion)) }

func (u *UserData) appendBinary(dst []byte) []byte {
	for i := range u.hashed {
		dst = append(dst, tagHashed, byte(u.hashed[i].Key))
		dst = append(dst, u.hashed[i].Hash[:]...)
	}
	for i := range u.plain {
		dst = append(dst, tagPlain, byte(u.plain[i].Key))
		dst = appendCounted(dst, u.plain[i].Value)
	}
	return dst
}

// DecodeBinary makes u the identifiers that src holds, as AppendBinary wrote them, reusing u's memory. It copies what it
// keeps. The error is ErrCorrupt, and u is then empty.
func (u *UserData) DecodeBinary(src []byte) error {
	u.Reset()
	if len(src) == 0 || src[0] != codecVersion {
		return ErrCorrupt
	}
	d := decoder{src: src, text: string(src), at: 1}
	last := byte(0)
	for d.at < len(src) {
		tag := d.byte()
		switch {
		case tag < last:
			d.fail()
		case tag == tagHashed:
			u.decodeHashed(&d)
		case tag == tagPlain:
			u.decodePlain(&d)
		default:
			d.fail()
		}
		last = tag
	}
	if d.bad {
		u.Reset()
		return ErrCorrupt
	}
	return nil
}
