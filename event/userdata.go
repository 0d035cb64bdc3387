package event

import "slices"

// Hash is the SHA-256 of a normalised customer-information value.
type Hash = [32]byte

// Key is a member of user_data.
type Key uint8

// The members of user_data. The first group is sent hashed, the second never is; external_id may be either. The
// numbers are stored in databases: never renumber them, only add.
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
const (
	Email      Key = 1  // em
	Phone      Key = 2  // ph
	FirstName  Key = 3  // fn
	LastName   Key = 4  // ln
	Birth      Key = 5  // db
	Gender     Key = 6  // ge
	City       Key = 7  // ct
	State      Key = 8  // st
	Zip        Key = 9  // zp
	Country    Key = 10 // country
	ExternalID Key = 11 // external_id

	ClientIP       Key = 32 // client_ip_address
	UserAgent      Key = 33 // client_user_agent
	FBC            Key = 34 // fbc
	FBP            Key = 35 // fbp
	SubscriptionID Key = 36 // subscription_id
	FBLoginID      Key = 37 // fb_login_id
	LeadID         Key = 38 // lead_id, 15 to 17 digits, sent as an integer
	MADID          Key = 39 // madid
	AnonID         Key = 40 // anon_id
	PageID         Key = 41 // page_id
	PageScopedID   Key = 42 // page_scoped_user_id
	CTWAClickID    Key = 43 // ctwa_clid
	IGAccountID    Key = 44 // ig_account_id
	IGSID          Key = 45 // ig_sid
)

// Keys returns every member of user_data in wire order.
func Keys() []Key {
	return []Key{Email, Phone, FirstName, LastName, Birth, Gender, City, State, Zip, Country, ExternalID,
		ClientIP, UserAgent, FBC, FBP, SubscriptionID, FBLoginID, LeadID, MADID, AnonID, PageID, PageScopedID, CTWAClickID,
		IGAccountID, IGSID}
}

// String is the name of the member as Meta spells it, such as "em".
func (k Key) String() string {
	switch k {
	case Email:
		return "em"
	case Phone:
		return "ph"
	case FirstName:
		return "fn"
	case LastName:
		return "ln"
	case Birth:
		return "db"
	case Gender:
		return "ge"
	case City:
		return "ct"
	case State:
		return "st"
	case Zip:
		return "zp"
	case Country:
		return "country"
	case ExternalID:
		return "external_id"
	case ClientIP:
		return "client_ip_address"
	case UserAgent:
		return "client_user_agent"
	case FBC:
		return "fbc"
	case FBP:
		return "fbp"
	case SubscriptionID:
		return "subscription_id"
	case FBLoginID:
		return "fb_login_id"
	case LeadID:
		return "lead_id"
	case MADID:
		return "madid"
	case AnonID:
		return "anon_id"
	case PageID:
		return "page_id"
	case PageScopedID:
		return "page_scoped_user_id"
	case CTWAClickID:
		return "ctwa_clid"
	case IGAccountID:
		return "ig_account_id"
	case IGSID:
		return "ig_sid"
	}
	return "unknown"
}

// Hashed reports whether Meta wants the member as a SHA-256. external_id counts as hashed; it may be plain as well.
func (k Key) Hashed() bool { return k >= Email && k <= ExternalID }

// plain reports whether the member may be sent unhashed.
func (k Key) plain() bool { return k >= ClientIP && k <= IGSID || k == ExternalID }

// ParseKey is the inverse of [Key.String]; it takes the plain names that people use (email, date_of_birth) as well.
func ParseKey(name string) (Key, bool) {
	switch name {
	case "email":
		return Email, true
	case "phone":
		return Phone, true
	case "first_name":
		return FirstName, true
	case "last_name":
		return LastName, true
	case "date_of_birth":
		return Birth, true
	case "gender":
		return Gender, true
	case "city":
		return City, true
	case "state":
		return State, true
	case "zip":
		return Zip, true
	}
	for _, k := range Keys() {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// HashedValue is one hashed identifier.
type HashedValue struct {
	Key  Key
	Hash Hash
}

// PlainValue is one identifier that is sent as it is.
type PlainValue struct {
	Key   Key
	Value string
}

// UserData is user_data: the identifiers by which Meta finds the person. It holds hashes and technical ids only; a
// name, an address or a number in the clear has no place in it.
type UserData struct {
	hashed []HashedValue // sorted by Key, in order of arrival within one
	plain  []PlainValue  // sorted by Key, one value a key except external_id
}

// AddHash adds h under k unless it is there already, keeping keys in wire order. A person may have several e-mail
// addresses and telephone numbers. It panics when k is not a hashed member: that is a mistake in this program.
func (u *UserData) AddHash(k Key, h Hash) {
	if !k.Hashed() {
		panic("event: " + k.String() + " is not a hashed member of user_data")
	}
	at := len(u.hashed)
	for i, v := range u.hashed {
		if v.Key == k && v.Hash == h {
			return
		}
		if v.Key > k && i < at {
			at = i
		}
	}
	u.hashed = slices.Insert(u.hashed, at, HashedValue{k, h})
}

// SetPlain sets the member k, which Meta wants unhashed, to v; an empty v is ignored. external_id may be set plain,
// several times. It panics when k is no such member: that is a mistake in
// this program.
func (u *UserData) SetPlain(k Key, v string) {
	if !k.plain() {
		panic("event: " + k.String() + " is not an unhashed member of user_data")
	}
	if v == "" {
		return
	}
	at := len(u.plain)
	for i, p := range u.plain {
		if p.Key == k {
			if k != ExternalID {
				u.plain[i].Value = v
				return
			}
			if p.Value == v {
				return
			}
		}
		if p.Key > k && i < at {
			at = i
		}
	}
	u.plain = slices.Insert(u.plain, at, PlainValue{k, v})
}

// DropPlain takes the unhashed member k out, every value of it.
func (u *UserData) DropPlain(k Key) {
	u.plain = slices.DeleteFunc(u.plain, func(p PlainValue) bool { return p.Key == k })
}

// Hashed returns the hashed identifiers in wire order. The slice must not be changed.
func (u *UserData) Hashed() []HashedValue { return u.hashed }

// Plain returns the unhashed identifiers in wire order. The slice must not be changed.
func (u *UserData) Plain() []PlainValue { return u.plain }

// Has reports whether there is a value for k.
func (u *UserData) Has(k Key) bool {
	return slices.ContainsFunc(u.hashed, func(v HashedValue) bool { return v.Key == k }) ||
		slices.ContainsFunc(u.plain, func(v PlainValue) bool { return v.Key == k })
}

// HasHash reports whether h is among the values of k; auditors look for a person this way.
func (u *UserData) HasHash(k Key, h Hash) bool { return slices.Contains(u.hashed, HashedValue{k, h}) }

// Reset empties u and keeps its memory.
func (u *UserData) Reset() { u.hashed, u.plain = u.hashed[:0], u.plain[:0] }
