package event

import (
	"slices"
	"testing"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(Keys()) {
		t.Error("keys are not in wire order")
	}
	for _, k := range Keys() {
		if got, ok := ParseKey(k.String()); !ok || got != k {
			t.Errorf("ParseKey(%q) = %v, %t", k, got, ok)
		}
		if k.Hashed() == k.plain() && k != ExternalID {
			t.Errorf("%s is both hashed and plain, or neither", k)
		}
	}
	for name, want := range map[string]Key{"email": Email, "phone": Phone, "first_name": FirstName, "last_name": LastName,
		"date_of_birth": Birth, "gender": Gender, "city": City, "state": State, "zip": Zip, "country": Country} {
		if got, ok := ParseKey(name); !ok || got != want {
			t.Errorf("ParseKey(%q) = %v, %t", name, got, ok)
		}
	}
	for _, name := range []string{"", "unknown", "EM", "mail"} {
		if k, ok := ParseKey(name); ok || k != 0 {
			t.Errorf("ParseKey(%q) = %v", name, k)
		}
	}
}

func TestUserDataOrder(t *testing.T) {
	t.Parallel()
	var u UserData
	u.AddHash(Phone, Hash{2})
	u.AddHash(ExternalID, Hash{9})
	u.AddHash(Email, Hash{3})
	u.AddHash(Email, Hash{1})
	u.AddHash(Email, Hash{3})
	u.SetPlain(LeadID, "1")
	u.SetPlain(ExternalID, "b")
	u.SetPlain(ExternalID, "a")
	u.SetPlain(ExternalID, "b")
	u.SetPlain(FBC, "")
	u.SetPlain(LeadID, "2")
	hashed := []HashedValue{{Email, Hash{3}}, {Email, Hash{1}}, {Phone, Hash{2}}, {ExternalID, Hash{9}}}
	plain := []PlainValue{{ExternalID, "b"}, {ExternalID, "a"}, {LeadID, "2"}}
	if !slices.Equal(u.Hashed(), hashed) || !slices.Equal(u.Plain(), plain) {
		t.Errorf("hashed %v\nplain %v", u.Hashed(), u.Plain())
	}
	if !u.Has(Email) || !u.Has(LeadID) || u.Has(FBC) || !u.HasHash(Email, Hash{1}) || u.HasHash(Phone, Hash{1}) {
		t.Error("Has or HasHash is wrong")
	}
	u.Reset()
	if len(u.Hashed())+len(u.Plain()) > 0 || u.Has(Email) {
		t.Error("Reset leaves something")
	}
}

func TestUserDataRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, mistake := range map[string]func(u *UserData){
		"hash of a plain member":   func(u *UserData) { u.AddHash(LeadID, Hash{}) },
		"hash of no member":        func(u *UserData) { u.AddHash(0, Hash{}) },
		"plain value of an e-mail": func(u *UserData) { u.SetPlain(Email, "x") },
		"plain value of no member": func(u *UserData) { u.SetPlain(31, "x") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s goes through", name)
				}
			}()
			mistake(new(UserData))
		}()
	}
}
