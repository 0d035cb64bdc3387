package normalize

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// numberTypes are the kinds of numbers for which the library holds examples.
var numberTypes = []phonenumbers.PhoneNumberType{
	phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.TOLL_FREE,
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER,
	phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL,
}

// example is a number that the library shows for a region and a type.
type example struct {
	*phonenumbers.PhoneNumber
	region string
	kind   phonenumbers.PhoneNumberType
}

// examples yields every example number of every region, in the order of the regions.
func examples() []example {
	var all []example
	var regions []string
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		for _, kind := range numberTypes {
			if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil {
				all = append(all, example{number, region, kind})
			}
		}
	}
	return all
}

// e164 returns what a number has to become, "" if it is not international (a local short code).
func e164(number *phonenumbers.PhoneNumber) string {
	digits := phonenumbers.Format(number, phonenumbers.E164)[1:]
	if phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE || len(digits) < minE164 || len(digits) > maxE164 {
		return ""
	}
	return digits
}

// TestPhoneAgreesWithLibraryOnExamples writes each example of every region and type as people write numbers and reads it
// back: the library's own reading of the same text is the oracle.
func TestPhoneAgreesWithLibraryOnExamples(t *testing.T) {
	t.Parallel()
	var h Hasher
	compared, doubted := 0, 0
	regions, kinds := map[string]bool{}, map[phonenumbers.PhoneNumberType]bool{}
	for _, example := range examples() {
		region, number := example.region, example.PhoneNumber
		want := e164(number)
		if want == "" {
			continue // a local short code
		}
		regions[region], kinds[example.kind] = true, true
		for _, written := range writings(number, want) {
			compared++
			if note := h.phone(written, "", ""); string(h.out) != want || note != NoteNone {
				t.Errorf("%s %q: got %q (%v), the library says %q", region, written, h.out, note, want)
			}
		}
		if _, iso := CountryCode(region); !iso {
			continue // Ascension, Tristan da Cunha and a freephone of the world are nobody's country in ISO 3166-1
		}
		compared++
		if h.phone(want, region, ""); len(h.out) == 0 {
			doubted++ // it may be a number that lost its trunk prefix
		} else if string(h.out) != want {
			t.Errorf("%s %q: without its plus it became %q", region, want, h.out)
		}
		for _, written := range nationalWritings(t, number, region, want) {
			compared++
			note := h.phone(written, region, "")
			if len(h.out) == 0 && ambiguous(number) {
				doubted++
				continue
			}
			if got := string(h.out); got != want || note != NoteNone {
				t.Errorf("%s %q: got %q (%v), the library says %q", region, written, got, note, want)
			}
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		if !regions[region] {
			t.Errorf("no number of %s was compared", region)
		}
	}
	for _, kind := range numberTypes {
		if !kinds[kind] {
			t.Errorf("no number of type %d was compared", kind)
		}
	}
	if compared < 90_000 || doubted > 120 {
		t.Errorf("%d numbers were compared and %d left out as ambiguous", compared, doubted)
	}
	t.Logf("%d writings of the numbers of %d regions, %d ambiguous", compared, len(regions), doubted)
}

// writings are the forms of a number that need no country.
func writings(example *phonenumbers.PhoneNumber, want string) []string {
	written := []string{"+" + want, "00" + want, "00 " + want[:2] + " " + want[2:], "+00" + want, "'+" + want, "＋" + want}
	for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.INTERNATIONAL, phonenumbers.RFC3966} {
		text := phonenumbers.Format(example, format)
		written = append(written, separated(text)...)
		written = append(written, inDigitsOf('٠', text), inDigitsOf('०', text), inDigitsOf('０', text))
		for _, extension := range []string{" x123", " ext. 123", " #123", ";ext=123", " доб. 123", " poste 123", "x123", " Durchwahl 123"} {
			written = append(written, text+extension)
		}
	}
	plan := phonePlans().byCode(int(example.GetCountryCode()))
	if plan.trunk0 {
		national := phonenumbers.GetNationalSignificantNumber(example)
		for _, form := range []string{"+%s (0)%s", "+%s(0) %s", "00%s (0)%s", "+%s 0%s", "(+%s) (0) %s", "+%s （0）%s"} {
			written = append(written, fmt.Sprintf(form, plan.code, national))
		}
	}
	return written
}

// nationalWritings are the forms of a number at home, as far as the library reads its own.
func nationalWritings(t *testing.T, example *phonenumbers.PhoneNumber, region, want string) []string {
	t.Helper()
	written := []string{"+" + want}
	text := phonenumbers.Format(example, phonenumbers.NATIONAL)
	oracle, err := phonenumbers.Parse(text, region)
	if err != nil {
		t.Fatalf("the library does not read its own %q for %s: %v", text, region, err)
	}
	if e164(oracle) != want {
		return written
	}
	written = append(written, separated(text)...)
	written = append(written, inDigitsOf('٠', text), inDigitsOf('०', text), inDigitsOf('０', text))
	if oracle.Extension == nil {
		written = append(written, text+" x123", text+" ext. 123", text+" доб. 123")
	}
	return written
}

// separated writes the separators of a number in the ways of many keyboards.
func separated(text string) []string {
	written := []string{text}
	for _, mark := range []string{" ", ".", "-", "\u2011", "\u00a0", "\u2009", "", "–", " - ", ") ("} {
		written = append(written, strings.Map(func(r rune) rune {
			if r == '(' || r == ')' {
				return -1
			}
			return r
		}, strings.NewReplacer(" ", mark, "-", mark).Replace(text)))
	}
	return written
}

// digitsOf leaves the digits of a text, in ASCII.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if value, ok := digitValue(r); ok {
			return rune('0' + value)
		}
		return -1
	}, text)
}

// inDigitsOf writes the digits of a number in those of another script.
func inDigitsOf(zero rune, text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, text)
}

// ambiguous reports that the digits of a number as it is dialled at home are also another country's: India's 1860 345 1234
// is a number in Connecticut that has lost its plus.
func ambiguous(home *phonenumbers.PhoneNumber) bool {
	if phonenumbers.GetNumberType(home) == phonenumbers.MOBILE {
		return false
	}
	abroad, err := phonenumbers.Parse("+"+digitsOf(phonenumbers.Format(home, phonenumbers.NATIONAL)), "")
	return err == nil && phonenumbers.IsValidNumber(abroad)
}

// TestPlainPhoneAgreesWithLibrary holds the two fast paths to the library on the examples' digits and on tens of
// thousands of numbers near them: whenever a fast path answers, the library answers the same.
func TestPlainPhoneAgreesWithLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	world := phonePlans()
	var h Hasher
	answered := map[string]int{}
	check := func(digits []byte, region string) {
		if world.plainInternational(digits) {
			answered["international"]++
			number, ok := parsePhone("+"+string(digits), "")
			if h.out = h.out[:0]; !ok || !h.appendPhone(number) || string(h.out) != string(digits) {
				t.Errorf("+%s is plain, the library says %q", digits, h.out)
			}
		}
		home := world.home(strings.ToLower(region))
		if home == nil || len(digits) > 1 && string(digits[:2]) == "00" {
			return
		}
		if rest, ok := home.plainNational(digits); ok {
			answered["national"]++
			h.out = h.out[:0]
			if !h.nationalByLibrary(digits, home) || string(h.out) != home.code+string(rest) {
				t.Errorf("%s in %s is plainly %s-%s, the library says %q", digits, region, home.code, rest, h.out)
			}
		}
	}
	for _, example := range examples() {
		region := example.region
		national := phonenumbers.GetNationalSignificantNumber(example.PhoneNumber)
		code := fmt.Sprint(example.GetCountryCode())
		for _, written := range []string{code + national, national, "0" + national, code + "0" + national, "8" + national, "1" + national} {
			check([]byte(written), region)
			for range 4 {
				near := []byte(written)
				for range 1 + random.IntN(3) {
					near[random.IntN(len(near))] = '0' + byte(random.IntN(10))
				}
				if random.IntN(3) == 0 {
					near = near[:len(near)-1]
				}
				check(near, region)
			}
		}
	}
	if answered["international"] < 3000 || answered["national"] < 3000 {
		t.Errorf("the fast paths answered only %v times", answered)
	}
	t.Log(answered)
}
