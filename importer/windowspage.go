package importer

import "strings"

// windows1252 reports whether Windows writes Windows-1252 in a country, so that a CSV from Excel there is in it.
func windows1252(country string) bool {
	return among(country, `ad ag ao ar at au bb be bi bj bo br bs bw bz ca cf cg ch ci cl cm co cr cu cv de dk dm do ec es fi fj fo fr ga gb gd
		gf gh gl gp gq gt gy hn ht id ie im is it je jm ke ki kn lc li lr ls lu mc mg ml mq mu mw mx my mz na ne ng ni nl no nz pa pe pf
		ph pr pt py re rw sc se sg sl sm sn sr sv sz td tg to tt tz ug us uy va vc ve ws za zm zw`)
}

// windowsPage is what Windows writes in a country whose letters Windows-1252 does not have, "" where that is not known. It
// is said to whoever must decide and never used by itself.
func windowsPage(country string) string {
	for _, p := range [...]struct{ page, countries string }{
		{"windows-1250", "al ba cz hr hu me pl ro si sk"},
		{"windows-1251", "bg by kg kz mk mn rs ru tj ua"},
		{"windows-1253", "cy gr"},
		{"windows-1254", "az tr"},
		{"windows-1255", "il"},
		{"windows-1256", "ae bh dz eg iq ir jo kw lb ly ma om pk qa sa sy tn ye"},
		{"windows-1257", "ee lt lv"},
		{"windows-1258", "vn"},
		{"windows-874", "th"},
		{"shift_jis", "jp"},
		{"gbk", "cn"},
		{"big5", "hk tw"},
		{"euc-kr", "kr"},
	} {
		if among(country, p.countries) {
			return p.page
		}
	}
	return ""
}

func among(code, codes string) bool {
	for c := range strings.FieldsSeq(codes) {
		if c == code {
			return true
		}
	}
	return false
}
