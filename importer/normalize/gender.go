package normalize

// Gender normalises and hashes a gender (ge). See NormalGender.
func Gender(s, recordCountry, defaultCountry string) (Hash, bool, Note) {
	var h Hasher
	return h.Gender(s, recordCountry, defaultCountry)
}

// NormalGender returns f or m, the two codes that Meta knows for ge, from a letter, a word, a title or a pronoun in
// the languages of common exports; anything else is Omitted, 1 and 2 too, because ISO 5218 and many systems disagree.
//
// A single letter means what it means in the language of the export, of which the countries tell: recordCountry and
// defaultCountry are anything CountryCode knows, "" when absent. M is Ambiguous where either of them speaks Spanish or
// Portuguese (masculino, or mujer and mulher beside an H) or is Lithuania (moteris, a woman), F in Hungary (férfi, a
// man). V is a woman where Dutch is spoken (vrouw) and Ambiguous elsewhere (Spanish varón and Latvian vīrietis are men).
// W and H are one gender in every language that writes them. Without a country f and m are what Meta means by them.
//
// Meta's parameter builders know longer English word lists (king, goddess, dude) which no export holds, and take M for
// a man everywhere.
func NormalGender(s, recordCountry, defaultCountry string) (string, Note) {
	var h Hasher
	n := h.gender(s, recordCountry, defaultCountry)
	return string(h.out), n
}

func (h *Hasher) gender(s, recordCountry, defaultCountry string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	h.keep(h.narrow(text), letters|numbers)
	if len(h.out) == 1 {
		record, _ := h.place(recordCountry)
		fallback, _ := h.place(defaultCountry)
		return h.genderLetter(record, fallback)
	}
	code := genderWord(string(h.out))
	if code == "" {
		return h.drop(Omitted)
	}
	h.out = append(h.out[:0], code...)
	return NoteNone
}

// genderLetter settles the ASCII letter in h.out for a record of one country in a source of another.
func (h *Hasher) genderLetter(record, source string) Note {
	switch letter := h.out[0]; {
	case letter == 'f' && (record == "hu" || source == "hu"),
		letter == 'm' && (womanIsM(record) || womanIsM(source)),
		letter == 'v' && !speaksDutch(record) && !speaksDutch(source),
		letter == 'v' && (womanIsM(record) || womanIsM(source)):
		return h.drop(Ambiguous)
	case letter == 'f', letter == 'w', letter == 'v':
		h.out[0] = 'f'
	case letter == 'm', letter == 'h':
		h.out[0] = 'm'
	default:
		return h.drop(Omitted)
	}
	return NoteNone
}

// womanIsM reports that M may stand for a woman in a country's language: mujer, mulher, moteris.
func womanIsM(country string) bool {
	switch country {
	case "es", "mx", "ar", "co", "cl", "pe", "ve", "ec", "gt", "cu", "bo", "do", "hn", "py", "sv", "ni", "cr", "pa", "uy", "gq", "pr",
		"ad", "pt", "br", "ao", "mz", "cv", "gw", "st", "tl", "lt":
		return true
	}
	return false
}

// speaksDutch reports that V stands for vrouw in a country's language.
func speaksDutch(country string) bool {
	switch country {
	case "nl", "be", "sr", "aw", "cw", "sx", "bq":
		return true
	}
	return false
}

// genderWord reads a word of two characters or more, and the one-letter words of other scripts.
func genderWord(word string) string {
	switch word {
	case "female", "fem", "feminine", "woman", "girl", "lady", "she", "her", "sheher", "sheherhers",
		"ms", "mrs", "miss", "madam", "maam",
		"weiblich", "frau", "vrouw", "vrouwelijk", "mevrouw", "mevr", "mw",
		"femme", "dame", "féminin", "feminin", "madame", "mme", "mademoiselle", "mlle",
		"femenino", "femenina", "mujer", "señora", "sra", "señorita", "srta", "hembra", "feminino", "feminina", "mulher", "senhora",
		"femmina", "femminile", "donna", "signora", "kvinna", "kvinde", "kvinne", "nainen", "kobieta", "žena",
		"kadın", "naine", "nő", "moteris", "sieviete", "femeie", "ženska", "perempuan", "nữ",
		"ж", "жен", "женский", "женщина", "жінка", "жена", "γυναίκα", "θήλυ", "אישה", "נקבה", "أنثى", "महिला", "หญิง",
		"女", "女性", "女士", "여", "여자", "여성":
		return "f"
	case "male", "masc", "masculine", "man", "boy", "gentleman", "he", "him", "hehim", "hehimhis",
		"mr", "mister", "sir",
		"männlich", "maennlich", "mann", "herr", "mannelijk", "heer", "dhr",
		"homme", "masculin", "monsieur",
		"masculino", "hombre", "señor", "homem", "senhor",
		"maschio", "maschile", "uomo", "signor", "signore", "kille", "mand", "mies", "mężczyzna", "muž",
		"erkek", "mees", "férfi", "vyras", "vīrietis", "bărbat", "varón", "varon", "moški", "lakilaki", "nam",
		"м", "муж", "мужской", "мужчина", "чоловік", "мъж", "άνδρας", "άρρεν", "גבר", "זכר", "ذكر", "पुरुष", "ชาย",
		"男", "男性", "先生", "남", "남자", "남성":
		return "m"
	}
	return ""
}
