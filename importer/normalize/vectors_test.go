package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"
)

// testDay is the "today" of every test.
var testDay = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// vector is one line of the rules that the whole house is held to.
type vector struct {
	name, normal, hash string
	hashed             func() (Hash, bool, Note)
	plain              func() (string, Note)
}

func vectors() []vector {
	us := "US"
	return []vector{
		{"em", "john_smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
			func() (Hash, bool, Note) { return Email(" John_Smith@gmail.com ") }, func() (string, Note) { return NormalEmail(" John_Smith@gmail.com ") }},
		{"ph country in the field", "16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
			func() (Hash, bool, Note) { return Phone("US (650)555-1212", "", "") }, func() (string, Note) { return NormalPhone("US (650)555-1212", "", "") }},
		{"ph trunk zero", "442079460958", "35e206e5dec4c89b9e8b71b8c32724a5bb518483ac5a20c6617d738375b3b823",
			func() (Hash, bool, Note) { return Phone("+44 (0)20 7946 0958", "", "") }, func() (string, Note) { return NormalPhone("+44 (0)20 7946 0958", "", "") }},
		{"ln apostrophe", "obrien", "b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba",
			func() (Hash, bool, Note) { return LastName("O'Brien") }, func() (string, Note) { return NormalLastName("O'Brien") }},
		{"fn plain", "mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
			func() (Hash, bool, Note) { return FirstName("Mary") }, func() (string, Note) { return NormalFirstName("Mary") }},
		{"fn accent", "valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
			func() (Hash, bool, Note) { return FirstName("Vale\u0301ry") }, func() (string, Note) { return NormalFirstName("Vale\u0301ry") }},
		{"ln korean", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
			func() (Hash, bool, Note) { return LastName("정") }, func() (string, Note) { return NormalLastName("정") }},
		{"ct accent", "sanjosé", "fcc7b12e619d7e36782eeba767f24c4fe9dd54a931994e68c515be24bd046b59",
			func() (Hash, bool, Note) { return City("San José") }, func() (string, Note) { return NormalCity("San José") }},
		{"ct space", "menlopark", "0007a3d64c01e23d5075203c5977c14e4f7e01a3fc570686fcc50b5e1dd42685",
			func() (Hash, bool, Note) { return City("Menlo Park") }, func() (string, Note) { return NormalCity("Menlo Park") }},
		{"st name", "ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126",
			func() (Hash, bool, Note) { return State("California", us) }, func() (string, Note) { return NormalState("California", us) }},
		{"st code", "ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126",
			func() (Hash, bool, Note) { return State("CA", "") }, func() (string, Note) { return NormalState("CA", "") }},
		{"st short form", "ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126",
			func() (Hash, bool, Note) { return State("Calif.", "") }, func() (string, Note) { return NormalState("Calif.", "") }},
		{"st dc", "dc", "abecdf3503635c0be9eca61cddf5b25c7f8380d5aae7d73d0f62e9a38c87b70d",
			func() (Hash, bool, Note) { return State("Washington, D.C.", "") }, func() (string, Note) { return NormalState("Washington, D.C.", "") }},
		{"st elsewhere", "newsouthwales", "96236847af45f93f09c6ba2627cdb8da07e395f009d0e42f782cffb119cc24da",
			func() (Hash, bool, Note) { return State("New South Wales", "AU") }, func() (string, Note) { return NormalState("New South Wales", "AU") }},
		{"zp plus four", "94115", "6a023c195898ffbbf2ff20e9879b190af7da850f55853ff713f2955187f2eb29",
			func() (Hash, bool, Note) { return Zip("94115-1234", us) }, func() (string, Note) { return NormalZip("94115-1234", us) }},
		{"zp british", "m11ae", "1dc694c2070e697769fb959b50671d76cafd430d8ca191fbdd0affcaea344ac5",
			func() (Hash, bool, Note) { return Zip("M1 1AE", "GB") }, func() (string, Note) { return NormalZip("M1 1AE", "GB") }},
		{"country", "us", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
			func() (Hash, bool, Note) { return Country("United States") }, func() (string, Note) { return NormalCountry("United States") }},
		{"db", "19970216", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c",
			func() (Hash, bool, Note) { return Birth("2/16/1997", "1/2/2006", testDay) }, func() (string, Note) { return NormalBirth("2/16/1997", "1/2/2006", testDay) }},
		{"ge", "f", "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111",
			func() (Hash, bool, Note) { return Gender("Female", "", "") }, func() (string, Note) { return NormalGender("Female", "", "") }},
		{"external_id", "user_12345", "d04c992200c84b4447b20287ca92e4f1d70fe5c263df53ed36b56b47f24aa542",
			func() (Hash, bool, Note) { return ExternalID(" User_12345 ", true) }, func() (string, Note) { return NormalExternalID(" User_12345 ", true) }},
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			normal, note := v.plain()
			if normal != v.normal || note != NoteNone {
				t.Errorf("normal form %q with note %v, want %q", normal, note, v.normal)
			}
			want := sha256.Sum256([]byte(v.normal))
			if hex.EncodeToString(want[:]) != v.hash {
				t.Fatalf("the hash of %q is stated as %s, SHA-256 gives %x", v.normal, v.hash, want)
			}
			if got, ok, note := v.hashed(); !ok || got != want || note != NoteNone {
				t.Errorf("hash %x, %v, note %v, want %x", got, ok, note, want)
			}
		})
	}
}
