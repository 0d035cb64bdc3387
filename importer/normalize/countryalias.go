package normalize

// countryAliases adds to the library's names of countries, and corrects them: an empty code means that a name the
// library knows is none, or is too likely something else in an address. Keys are as countryWords and withoutAccents
// leave them.
var countryAliases = map[string]string{
	// Short forms of three letters that are no ISO code.
	"uae": "ae", "ksa": "sa", "prc": "cn", "drc": "cd", "eng": "gb", "sco": "gb", "wal": "gb", "nir": "gb", "ger": "de",

	// Official names and usual variants that the library lacks or reads as another country.
	"america": "us", "unitedstate": "us", "unitedstatesus": "us", "unitedstatesusa": "us", "usofa": "us", "theus": "us", "theusa": "us",
	"unitedkingdomgreatbritainandnorthernireland": "gb", "unitedkingdomgreatbritainnorthernireland": "gb",
	"unitedkingdomuk": "gb", "unitedkingdomgb": "gb", "gbni": "gb", "scotland": "gb", "wales": "gb", "england": "gb", "theuk": "gb",
	"irelandrepublic": "ie", "republicireland": "ie", "eire": "ie",
	"congorepublic": "cg", "republiccongo": "cg", "republicofcongo": "cg", "republicofthecongo": "cg", "congobrazzaville": "cg",
	"congodemocraticrepublic": "cd", "democraticrepubliccongo": "cd", "congokinshasa": "cd", "drcongo": "cd", "congodrc": "cd",
	"korearepublic": "kr", "republickorea": "kr", "koreasouth": "kr", "southkorea": "kr",
	"koreademocraticpeoplesrepublic": "kp", "democraticpeoplesrepublickorea": "kp", "koreanorth": "kp", "dprk": "kp",
	"virginislandsus": "vi", "unitedstatesvirginislands": "vi", "usvirginislands": "vi", "virginislandsunitedstates": "vi",
	"virginislandsbritish": "vg", "britishvirginislands": "vg",
	"taiwanprovincechina": "tw", "republicchina": "tw", "provinceofchina": "", "provincechina": "",
	"peoplesrepublicchina": "cn", "peoplesrepublicofchina": "cn", "mainlandchina": "cn", "chinamainland": "cn",
	"hongkongsar": "hk", "hongkongsarchina": "hk", "hongkongchina": "hk", "macaosarchina": "mo", "macausarchina": "mo",
	"antiguabarbuda": "ag", "bosniaherzegovina": "ba", "trinidadtobago": "tt", "saotomeprincipe": "st",
	"boliviaplurinationalstate": "bo", "venezuelabolivarianrepublic": "ve", "bolivarianrepublicvenezuela": "ve",
	"iranislamicrepublic": "ir", "islamicrepubliciran": "ir", "laopeoplesdemocraticrepublic": "la", "libyanarabjamahiriya": "ly",
	"micronesiafederatedstates": "fm", "federatedstatesmicronesia": "fm", "moldovarepublic": "md", "republicmoldova": "md",
	"tanzaniaunitedrepublic": "tz", "unitedrepublictanzania": "tz", "palestinestate": "ps", "stateofpalestine": "ps",
	"statepalestine": "ps", "palestinianterritories": "ps", "palestinianterritory": "ps", "syrianarabrepublic": "sy",
	"bonairesinteustatiussaba": "bq", "netherlandscaribbean": "bq", "sainthelenaascensiontristandacunha": "sh",
	"sthelena": "sh", "svalbardjanmayen": "sj", "southgeorgiasouthsandwichislands": "gs", "heardislandmcdonaldislands": "hm",
	"heardmcdonaldislands": "hm", "saintmartinfrenchpart": "mf", "stmartinfrenchpart": "mf", "sintmaartendutchpart": "sx",
	"saintpierremiquelon": "pm", "stpierremiquelon": "pm", "saintvincentgrenadines": "vc", "stvincentgrenadines": "vc",
	"saintkittsnevis": "kn", "stkittsnevis": "kn", "wallisfutuna": "wf", "turkscaicosislands": "tc", "turkscaicos": "tc",
	"falklandislandsmalvinas": "fk", "falklandislands": "fk", "cocoskeelingislands": "cc", "alandislands": "ax",
	"holyseevaticancitystate": "va", "vaticancity": "va", "czechrepublic": "cz", "turkiye": "tr", "vietnam": "vn",
	"eswatiniswaziland": "sz", "myanmarburma": "mm", "timorlesteeasttimor": "tl", "cotedivoire": "ci",
	"northmacedonia": "mk", "republicnorthmacedonia": "mk", "kyrgyzrepublic": "kg", "slovakrepublic": "sk",
	"russianfederation": "ru", "bruneidarussalam": "bn", "capeverde": "cv", "thegambia": "gm", "thebahamas": "bs",
	"thenetherlands": "nl", "thephilippines": "ph", "easttimor": "tl", "guineaequatorial": "gq", "saintbarthelemy": "bl",
	"reunionisland": "re", "unitedarabemiratesuae": "ae", "kingdomsaudiarabia": "sa", "burkinafaso": "bf",

	// Names in the country's own language, or in its neighbours'.
	"nederland": "nl", "belgie": "be", "belgique": "be", "belgien": "be", "deutschland": "de", "allemagne": "de", "alemania": "de",
	"germania": "de", "duitsland": "de", "osterreich": "at", "oesterreich": "at", "autriche": "at", "schweiz": "ch", "suisse": "ch",
	"svizzera": "ch", "suiza": "ch", "frankrijk": "fr", "francia": "fr", "frankreich": "fr", "italia": "it", "italie": "it",
	"espana": "es", "espagne": "es", "spanje": "es", "portogallo": "pt", "royaumeuni": "gb", "reinounido": "gb", "regnounito": "gb",
	"verenigdkoninkrijk": "gb", "vereinigteskonigreich": "gb", "etatsunis": "us", "estadosunidos": "us", "statiuniti": "us",
	"verenigdestaten": "us", "vereinigtestaaten": "us", "estadosunidosdeamerica": "us", "eeuu": "us", "luxemburg": "lu",
	"danmark": "dk", "sverige": "se", "norge": "no", "suomi": "fi", "polska": "pl", "cesko": "cz", "ceskarepublika": "cz",
	"slovensko": "sk", "slovenija": "si", "hrvatska": "hr", "srbija": "rs", "magyarorszag": "hu", "eesti": "ee", "latvija": "lv",
	"lietuva": "lt", "shqiperia": "al", "brasil": "br", "mexico": "mx", "peru": "pe", "panama": "pa", "maroc": "ma", "algerie": "dz",
	"tunisie": "tn", "coteivoire": "ci", "republicadominicana": "do", "nippon": "jp", "indonesie": "id", "grece": "gr",
	"ελλαδα": "gr", "κυπρος": "cy", "россия": "ru", "украина": "ua", "україна": "ua", "беларусь": "by", "българия": "bg",
	"србија": "rs", "казахстан": "kz", "日本": "jp", "中国": "cn", "中國": "cn", "香港": "hk", "台灣": "tw", "台湾": "tw", "臺灣": "tw",
	"대한민국": "kr", "한국": "kr", "ไทย": "th", "ประเทศไทย": "th", "भारत": "in", "ישראל": "il", "مصر": "eg",
	"الإمارات": "ae", "السعودية": "sa", "المغرب": "ma", "ایران": "ir", "საქართველო": "ge", "հայաստան": "am",

	// Names the library takes for a country that an address more often means as something else, or that are no country.
	"norfolk": "", "lucia": "", "tristan": "", "marshall": "", "solomon": "", "ussr": "", "keeling": "", "centralafrican": "",
	"guiana": "", "polynesia": "", "hana": "", "bolivarian": "", "bolivarianrepublic": "", "bolivarianrepublicof": "",
	"republicbolivarian": "", "republicofbolivarian": "", "southernterritoriesfrench": "", "virginislands": "",
}
