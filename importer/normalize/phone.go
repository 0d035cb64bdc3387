package normalize

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Phone normalises and hashes a phone number (ph). See NormalPhone.
func Phone(s, recordCountry, defaultCountry string) (Hash, bool, Note) {
	var h Hasher
	return h.Phone(s, recordCountry, defaultCountry)
}

// NormalPhone returns the form of a phone number that is hashed as ph. Meta: digits alone, with the country's calling
// code and without leading zeros; that is E.164 without its plus, 7 to 15 digits.
//
// A number that begins with + or 00 is international. Any other is read as one of the country written before it in
// the same value ("US (650)555-1212"), else of recordCountry, else of defaultCountry (anything CountryCode knows, ""
// when absent); digits that begin with that country's own calling code and are too long for a national number, or valid
// as an international number alone, are international as well; valid as both, they are Unusable. A record whose country
// is unknown does not fall back to the default. The trunk prefix (0), extensions and labels ("Tel.", "mobile") are cut
// off. Of two numbers the first counts where a sign or a line break divides them; where it may as well be one long
// number, it is Unusable: two numbers are never read as one.
//
// What cannot be resolved is Unusable, because a wrong number is another person's. A possible length for the numbering
// plan is enough (libphonenumber's IS_POSSIBLE, with the area code); that the number is assigned is not asked, since
// plans grow faster than their metadata and test data holds unassigned numbers. In exchange, a national number must
// begin with a digit with which the plan's numbers can begin; one of eleven digits or more without a trunk prefix must
// not be another country's valid number, unless it is a mobile at home; and vanity letters are not guessed at.
//
// Meta's SDKs drop leading zeros and punctuation and hash what is left: a national number without its calling code.
func NormalPhone(s, recordCountry, defaultCountry string) (string, Note) {
	var h Hasher
	n := h.phone(s, recordCountry, defaultCountry)
	return string(h.out), n
}

// Bounds of an E.164 number with its calling code, in digits.
const (
	minE164 = 7
	maxE164 = 15
)

// foreignLength is the number of digits from which a number without + may be another country's with its calling code.
const foreignLength = 11

func (h *Hasher) phone(s, recordCountry, defaultCountry string) Note {
	text, note := h.begin(s)
	if !h.ascii && strings.ContainsAny(s, "\r\n") {
		text, note = h.begin(oneLine(s))
	}
	if note != NoteNone {
		return note
	}
	number, ok := h.readPhone(text)
	if !ok {
		return h.drop(Unusable)
	}
	if number.international {
		if !h.international(number.digits) && !h.international(number.withoutTrunkZero()) {
			return h.drop(Unusable)
		}
		return NoteNone
	}
	home := h.homePlan(number, recordCountry, defaultCountry)
	if !h.dialled(number.digits, home) && !h.dialled(number.withoutTrunkZero(), home) {
		return h.drop(Unusable)
	}
	return NoteNone
}

// oneLine writes a cell of several lines with a mark that divides numbers between them, as Clean would leave a space.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	lines = slices.DeleteFunc(lines, func(line string) bool { return Clean(line) == "" })
	return strings.Join(lines, "; ")
}

// homePlan returns the numbering plan in which a number without + is read, nil if no country can be told.
func (h *Hasher) homePlan(number writtenPhone, recordCountry, defaultCountry string) *plan {
	fallback, known := h.place(recordCountry)
	if fallback == "" && known {
		fallback, _ = h.place(defaultCountry)
	}
	home := phonePlans().home(fallback)
	if number.word == "" {
		return home
	}
	code, ok := h.countryCode(number.word)
	if !ok || code == "ph" && len(number.word) == 2 && fallback != code {
		return nil // "Ph 650 555 1212" means phone, "PH 0917 123 4567" the Philippines
	}
	written := phonePlans().home(code)
	if home != nil && written != nil && home.code == "1" && written.code != "1" && usStates[strings.ToLower(number.word)] != "" {
		// "DE 302 555 1212" in a US file is Delaware, not Germany; or is it?
		return nil
	}
	return written
}

// dialled resolves digits as they are dialled from home, which may be nil.
func (h *Hasher) dialled(digits []byte, home *plan) bool {
	if len(digits) < 2 {
		return false
	}
	if digits[0] == '0' && digits[1] == '0' {
		if home != nil && !home.dials00 {
			// Australia dials 0011, Brazil and Korea 00 and a carrier: the library knows which is which.
			if number, ok := parsePhone(string(digits), home.region); ok && phonenumbers.IsValidNumber(number) {
				return h.appendPhone(number)
			}
		}
		return h.international(digits[2:])
	}
	return home != nil && h.national(digits, home)
}

// international resolves digits that begin with a calling code and appends them to h.out.
func (h *Hasher) international(digits []byte) bool {
	for len(digits) > 2 && digits[0] == '0' && digits[1] == '0' {
		digits = digits[2:] // "+0044"
	}
	if phonePlans().plainInternational(digits) {
		h.out = append(h.out, digits...)
		return true
	}
	number, ok := parsePhone("+"+string(digits), "")
	return ok && h.appendPhone(number)
}

// national resolves digits as a number of home's country and appends them, with the calling code, to h.out.
func (h *Hasher) national(digits []byte, home *plan) bool {
	if rest, ok := home.plainNational(digits); ok {
		h.out = append(append(h.out, home.code...), rest...)
		return true
	}
	return h.nationalByLibrary(digits, home)
}

func (h *Hasher) nationalByLibrary(digits []byte, home *plan) bool {
	number, ok := parsePhone(string(digits), home.region)
	if !ok {
		return false
	}
	own := phonePlans().byCode(int(number.GetCountryCode()))
	significant := phonenumbers.GetNationalSignificantNumber(number)
	if own == nil || !own.begins(significant[0]) && !home.begins(significant[0]) {
		return false
	}
	if string(digits) == significant && strings.HasPrefix(significant, home.code) {
		// Either the country's own international form without its plus, or a number that lost its trunk prefix: 468123456 in
		// Sweden is a number of Stockholm by the one and of another town by the other. Only what can be one alone is taken.
		if whole, ok := parsePhone("+"+significant, ""); ok && phonenumbers.IsValidNumber(whole) {
			return !phonenumbers.IsValidNumber(number) && h.appendPhone(whole)
		}
	}
	if len(digits) >= foreignLength && string(digits) == significant && phonenumbers.GetNumberType(number) != phonenumbers.MOBILE {
		// Plans of variable length find room for almost any digits among their fixed lines, but not their mobiles.
		if foreign, ok := parsePhone("+"+string(digits), ""); ok && phonenumbers.IsValidNumber(foreign) {
			return false
		}
	}
	return h.appendPhone(number)
}

// parsePhone asks the library for a number of a possible length. IsPossibleNumber would also take a number that lacks
// its area code and can be dialled in its own town alone.
func parsePhone(digits, region string) (*phonenumbers.PhoneNumber, bool) {
	number, err := phonenumbers.Parse(digits, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return nil, false
	}
	return number, true
}

// appendPhone appends E.164 without the plus. A number of zeros alone is a placeholder.
func (h *Hasher) appendPhone(number *phonenumbers.PhoneNumber) bool {
	if number.GetNationalNumber() == 0 {
		return false
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)[1:]
	if len(e164) < minE164 || len(e164) > maxE164 || !settled(e164) {
		return false
	}
	h.out = append(h.out, e164...)
	return true
}

// settled reports that reading a number again gives the same. It does not if digits are left that look like a trunk
// prefix (+49 00 100000), and then nobody dials that number.
func settled(e164 string) bool {
	if phonePlans().plainInternational([]byte(e164)) {
		return true
	}
	again, ok := parsePhone("+"+e164, "")
	return ok && phonenumbers.Format(again, phonenumbers.E164)[1:] == e164
}
