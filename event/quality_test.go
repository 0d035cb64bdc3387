package event

import "testing"

func TestCoverage(t *testing.T) {
	t.Parallel()
	person := func(keys ...Key) UserData {
		var u UserData
		for _, k := range keys {
			if k.Hashed() {
				u.AddHash(k, Hash{1})
			} else {
				u.SetPlain(k, "x")
			}
		}
		return u
	}
	for _, tc := range []struct {
		name   string
		events []UserData
		score  int
		band   Band
	}{
		{"no event", nil, 0, ""},
		{"a phone alone", []UserData{person(Phone)}, 3, Poor},
		{"an external id alone", []UserData{person(ExternalID)}, 2, Poor},
		{"a name and a town", []UserData{person(FirstName, LastName, City, Zip)}, 2, Poor},
		{"an e-mail address alone", []UserData{person(Email)}, 4, Fair},
		{"an e-mail address and a name", []UserData{person(Email, FirstName, LastName)}, 5, Fair},
		{"an e-mail address and a phone", []UserData{person(Email, Phone)}, 7, Good},
		{"a lead id alone", []UserData{person(LeadID)}, 7, Good},
		{"a lead id and an e-mail address", []UserData{person(LeadID, Email)}, 10, Excellent},
		{"everything that a CRM has", []UserData{person(Email, Phone, FirstName, LastName, City, Zip, Country, ExternalID)}, 10, Excellent},
		{"two addresses are no better than one", []UserData{twice(person(Email))}, 4, Fair},
		{"the mean of a good and a poor one", []UserData{person(Email, Phone), person(Phone)}, 5, Fair},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var c Coverage
			for i := range tc.events {
				c.Add(&tc.events[i])
			}
			if score, band := c.Estimate(); score != tc.score || band != tc.band {
				t.Errorf("%d %q, want %d %q", score, band, tc.score, tc.band)
			}
			if c.Events() != uint64(len(tc.events)) {
				t.Errorf("%d events", c.Events())
			}
		})
	}
	var c Coverage
	for _, u := range []UserData{person(Email), person(Email, Phone), person(Phone)} {
		c.Add(&u)
	}
	if c.With(Email) != 2 || c.With(Phone) != 2 || c.With(LeadID) != 0 {
		t.Errorf("%d with an e-mail address, %d with a phone, %d with a lead id", c.With(Email), c.With(Phone), c.With(LeadID))
	}
}

func twice(u UserData) UserData {
	u.AddHash(Email, Hash{2})
	return u
}
