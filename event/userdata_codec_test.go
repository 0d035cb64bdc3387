package event

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func TestUserDataRoundTrip(t *testing.T) {
	t.Parallel()
	var into Event
	for seed := range uint64(1000) {
		e := &Event{User: arbitraryEvent(seed).User}
		b := e.User.AppendBinary([]byte("before"))
		if !bytes.HasPrefix(b, []byte("before")) {
			t.Fatal("AppendBinary changed what was there")
		}
		b = b[len("before"):]
		if err := into.User.DecodeBinary(b); err != nil {
			t.Fatalf("DecodeBinary: %v\n%+v", err, e.User)
		}
		if whole := e.AppendBinary(nil); !bytes.Equal(b, whole[:1:1]) && !bytes.Contains(whole, b[1:]) {
			t.Fatal("an event stores its identifiers in another form")
		}
		clear(b) // the caller may reuse its buffer
		if got, want := normal(&into), normal(e); !reflect.DeepEqual(got, want) {
			t.Fatalf("round trip\n got %+v\nwant %+v", got, want)
		}
	}
}

func TestUserDataDecodeErrors(t *testing.T) {
	t.Parallel()
	hash := string(make([]byte, 32))
	for name, src := range map[string]string{
		"empty":               "",
		"newer version":       "\x02",
		"another member":      "\x01\x01\x01a",
		"hash behind a plain": "\x01\x0c\x26\x01a\x0b\x01" + hash,
		"hashes out of order": "\x01\x0b\x02" + hash + "\x0b\x01" + hash,
		"hash cut":            "\x01\x0b\x01abc",
		"plain e-mail":        "\x01\x0c\x01\x01a",
	} {
		u := fullEvent(t).User
		if err := u.DecodeBinary([]byte(src)); !errors.Is(err, ErrCorrupt) || len(u.Hashed())+len(u.Plain()) > 0 {
			t.Errorf("%s: %v, want ErrCorrupt; %d identifiers are left", name, err, len(u.Hashed())+len(u.Plain()))
		}
	}
}

func FuzzDecodeUserData(f *testing.F) {
	for seed := range uint64(20) {
		u := arbitraryEvent(seed).User
		f.Add(u.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var u UserData
		if u.DecodeBinary(src) != nil {
			return
		}
		if again := u.AppendBinary(nil); !bytes.Equal(again, src) && len(again) > len(src) {
			t.Fatalf("%x was decoded and is written as %x", src, again)
		}
	})
}
