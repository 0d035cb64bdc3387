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

// examples yields every example number of every region, in the order of the regions.
func examples() []*phonenumbers.PhoneNumber {
	var all []*phonenumbers.PhoneNumber
	var regions []string
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		for _, kind := range numberTypes {
			if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil {
				all = append(all, number)
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

// TestPhoneAgreesWithLibraryOnExamples writes each example as people write numbers and reads it back: the library's own
// reading of the same text is the oracle.
func TestPhoneAgreesWithLibraryOnExamples(t *testing.T) {
	t.Parallel()
	var h Hasher
	compared, doubted := 0, 0
	for _, example := range examples() {
		region := phonenumbers.GetRegionCodeForNumber(example)
		want := e164(example)
		if _, iso := CountryCode(region); want == "" || !iso {
			continue // a local short code, a satellite, or Ascension and Tristan da Cunha, which ISO 3166-1 does not list
		}
		for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL, phonenumbers.RFC3966} {
			written := phonenumbers.Format(example, format)
			oracle, err := phonenumbers.Parse(written, region)
			if err != nil {
				t.Fatalf("the library does not read its own %q for %s: %v", written, region, err)
			}
			if format != phonenumbers.NATIONAL || e164(oracle) == want {
				compared++
				note := h.phone(written, region, "")
				if len(h.out) == 0 && ambiguous(written, oracle) {
					doubted++
					continue
				}
				if got := string(h.out); got != want || note != NoteNone {
					t.Errorf("%s %q: got %q (%v), the library says %q", region, written, got, note, want)
				}
			}
		}
		for _, written := range []string{"00" + want, "00 " + want[:2] + " " + want[2:], "+00" + want} {
			if note := h.phone(written, "", ""); string(h.out) != want {
				t.Errorf("%q: got %q (%v), want %q", written, h.out, note, want)
			}
		}
	}
	if compared < 3000 || doubted > 5 {
		t.Errorf("%d numbers were compared and %d left out as ambiguous", compared, doubted)
	}
}

// ambiguous reports that a national number of many digits is also another country's: India's 1860 345 1234 is a number
// in Connecticut that has lost its plus.
func ambiguous(written string, home *phonenumbers.PhoneNumber) bool {
	if phonenumbers.GetNumberType(home) == phonenumbers.MOBILE {
		return false
	}
	abroad, err := phonenumbers.Parse("+"+written, "")
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
		region := phonenumbers.GetRegionCodeForNumber(example)
		national := phonenumbers.GetNationalSignificantNumber(example)
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
