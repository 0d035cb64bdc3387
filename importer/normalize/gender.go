package normalize

// Gender normalises and hashes a gender (ge). See NormalGender.
func Gender(s string) (Hash, bool, Note) {
	var h Hasher
	return h.Gender(s)
}

// NormalGender returns f or m, the two codes that Meta knows for ge, from a letter, a word, a title or a pronoun in
// the languages of common exports; anything else is Omitted. W (weiblich), V (vrouw) and H (homme) are read as no
// one would write the other one so; 1 and 2 are not, because ISO 5218 and many systems disagree.
//
// Meta's parameter builders know longer English word lists (king, goddess, dude) which no export holds.
func NormalGender(s string) (string, Note) {
	var h Hasher
	n := h.gender(s)
	return string(h.out), n
}

func (h *Hasher) gender(s string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	h.keep(text, letters|numbers)
	code := genderCode(string(h.out))
	if code == "" {
		return h.drop(Omitted)
	}
	h.out = append(h.out[:0], code...)
	return NoteNone
}

func genderCode(word string) string {
	switch word {
	case "f", "female", "fem", "feminine", "woman", "girl", "lady", "she", "her", "sheher", "sheherhers",
		"ms", "mrs", "miss", "madam", "maam",
		"w", "weiblich", "frau", "v", "vrouw", "vrouwelijk", "mevrouw", "mevr", "mw",
		"femme", "féminin", "feminin", "madame", "mme", "mademoiselle", "mlle",
		"femenino", "femenina", "mujer", "señora", "sra", "señorita", "srta", "feminino", "feminina", "mulher", "senhora",
		"femmina", "femminile", "donna", "signora", "kvinna", "kvinde", "kvinne", "nainen", "kobieta", "žena",
		"kadın", "ж", "жен", "женский", "женщина", "жінка", "γυναίκα", "أنثى", "女", "女性", "女士", "여", "여자", "여성":
		return "f"
	case "m", "male", "masc", "masculine", "man", "boy", "gentleman", "he", "him", "hehim", "hehimhis",
		"mr", "mister", "sir",
		"männlich", "maennlich", "mann", "herr", "mannelijk", "heer", "dhr",
		"h", "homme", "masculin", "monsieur",
		"masculino", "hombre", "señor", "homem", "senhor",
		"maschio", "maschile", "uomo", "signor", "signore", "kille", "mand", "mies", "mężczyzna", "muž",
		"erkek", "м", "муж", "мужской", "мужчина", "чоловік", "άνδρας", "ذكر", "男", "男性", "先生", "남", "남자", "남성":
		return "m"
	}
	return ""
}
