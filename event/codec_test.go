package event

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// normal makes absent lists equal, whether they are nil or empty memory that is kept for reuse.
func normal(e *Event) Event {
	n := *e
	if len(n.User.hashed) == 0 {
		n.User.hashed = nil
	}
	if len(n.User.plain) == 0 {
		n.User.plain = nil
	}
	if len(n.Custom.ContentIDs) == 0 {
		n.Custom.ContentIDs = nil
	}
	if len(n.Custom.Contents) == 0 {
		n.Custom.Contents = nil
	}
	if len(n.Custom.Properties) == 0 {
		n.Custom.Properties = nil
	}
	return n
}

func checkCodec(t *testing.T, e, into *Event) {
	t.Helper()
	b := e.AppendBinary([]byte("before"))
	if !bytes.HasPrefix(b, []byte("before")) {
		t.Fatal("AppendBinary changed what was there")
	}
	b = b[len("before"):]
	if err := into.DecodeBinary(b); err != nil {
		t.Fatalf("DecodeBinary: %v\n%+v", err, e)
	}
	clear(b) // the caller may reuse its buffer
	if got, want := normal(into), normal(e); !reflect.DeepEqual(got, want) {
		t.Fatalf("round trip\n got %+v\nwant %+v", got, want)
	}
}

func TestBinaryRoundTrip(t *testing.T) {
	t.Parallel()
	var into Event
	for seed := range uint64(3000) {
		checkCodec(t, arbitraryEvent(seed), &into)
	}
	checkCodec(t, &Event{}, &into)
	checkCodec(t, &Event{AppData: []byte{}}, &into)
}

func FuzzBinaryRoundTrip(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkCodec(t, arbitraryEvent(seed), new(Event)) })
}

// TestDecodeRefusesDamage cuts and changes every byte of an event: what comes out is an error or an event, never a panic,
// and a cut never goes unnoticed.
func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	whole := fullEvent(t).AppendBinary(nil)
	var e Event
	for i := range whole {
		if i == 0 {
			continue
		}
		if err := e.DecodeBinary(whole[:i]); err == nil {
			// A cut between two members leaves a shorter event; a row's checksum is what notices that.
			if again := e.AppendBinary(nil); !bytes.Equal(again, whole[:i]) {
				t.Fatalf("cut at %d: decoded as something else", i)
			}
		}
	}
	for i := range whole {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			damaged := bytes.Clone(whole)
			damaged[i] ^= flip
			if err := e.DecodeBinary(damaged); err != nil && !reflect.DeepEqual(normal(&e), Event{}) {
				t.Fatalf("byte %d: an event is left after %v", i, err)
			}
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	hash := string(make([]byte, 32))
	tests := []struct{ name, src string }{
		{"empty", ""},
		{"newer version", "\x02\x01\x01a"},
		{"unknown tag", "\x01\x7f"},
		{"tag 0", "\x01\x00"},
		{"text longer than the rest", "\x01\x01\x05abc"},
		{"length beyond 64 bits", "\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		{"length of 2^63", "\x01\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"},
		{"name twice", "\x01\x01\x01a\x01\x01b"},
		{"members out of order", "\x01\x02\x02\x01\x01a"},
		{"action source unknown", "\x01\x04\x63"},
		{"hash cut", "\x01\x0b\x01abc"},
		{"hash of a plain member", "\x01\x0b\x26" + hash},
		{"hashes out of order", "\x01\x0b\x02" + hash + "\x0b\x01" + hash},
		{"plain e-mail", "\x01\x0c\x01\x01a"},
		{"plain without a value", "\x01\x0c\x26\x00"},
		{"plain twice", "\x01\x0c\x26\x01a\x0c\x26\x01b"},
		{"amount with a trailing zero", "\x01\x0d\x02\x14"},
		{"amount with 19 decimals", "\x01\x0d\x13\x02"},
		{"amount with 19 digits", "\x01\x0d\x00\x80\x80\x90\xbb\xba\xd6\xad\xf0\x1b"},
		{"property of unknown kind", "\x01\x1f\x01a\x03\x01b"},
		{"processing flag", "\x01\x09\x02\x00\x00"},
	}
	for _, test := range tests {
		e := *fullEvent(t)
		if err := e.DecodeBinary([]byte(test.src)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", test.name, err)
		}
		if !reflect.DeepEqual(normal(&e), Event{}) {
			t.Errorf("%s: an event is left", test.name)
		}
	}
}

func FuzzDecodeBinary(f *testing.F) {
	f.Add(fullEvent(f).AppendBinary(nil))
	for seed := range uint64(20) {
		f.Add(arbitraryEvent(seed).AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var e, again Event
		if err := e.DecodeBinary(src); err != nil {
			return
		}
		if err := again.DecodeBinary(e.AppendBinary(nil)); err != nil || !reflect.DeepEqual(normal(&e), normal(&again)) {
			t.Fatalf("decoded, encoded, decoded: %v\n%+v\n%+v", err, e, again)
		}
		e.Validate(testNow)
		mustBeJSON(t, e.AppendJSON(nil))
	})
}
