package event

// currencies are the active codes of ISO 4217 that money is paid in, sorted and three letters each; without funds,
// precious metals and test codes.
//
// Source: ISO 4217 list one, as of 2026 (Bulgaria uses EUR since 2026, Curaçao and Sint Maarten XCG since 2025).
const currencies = "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBHDBIFBMDBNDBOBBRLBSDBTNBWPBYNBZDCADCDFCHFCLPCNYCOPCRCCUPCVECZK" +
	"DJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRIQDIRRISKJMDJODJPY" +
	"KESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMYRMZN" +
	"NADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZL" +
	"THBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUYUUZSVEDVESVNDVUVWSTXAFXCDXCGXOFXPFYERZARZMWZWG"

// isCurrency reports whether code is an active ISO 4217 code in capitals.
func isCurrency(code string) bool {
	if len(code) != 3 {
		return false
	}
	low, high := 0, len(currencies)/3
	for low < high {
		mid := (low + high) / 2
		switch c := currencies[mid*3 : mid*3+3]; {
		case c == code:
			return true
		case c < code:
			low = mid + 1
		default:
			high = mid
		}
	}
	return false
}
