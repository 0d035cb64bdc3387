package importer

import (
	"strings"

	"capibara/event"
)

// aliases are the headers that are understood without a mapping, folded, with the target that each stands for. Among
// several headers that stand for one target the one that comes first in its list wins.
type aliases struct {
	targets map[string]target
	rank    map[string]int
}

func newAliases() aliases {
	a := aliases{targets: map[string]target{}, rank: map[string]int{}}
	for _, k := range event.Keys() {
		a.add(target{key: k}, k.String())
	}
	for f := fieldEventID; f < fieldCount; f++ {
		switch {
		case f.plain():
			a.add(target{field: f}, f.String())
		case f.custom() != "":
			a.add(target{field: f}, "custom_data."+f.String())
		}
	}
	for _, l := range userAliases() {
		a.add(target{key: l.key}, strings.Fields(l.headers)...)
	}
	for _, l := range fieldAliases() {
		a.add(target{field: l.field}, strings.Fields(l.headers)...)
	}
	return a
}

// plain reports whether a header that is the field's name and no more can only mean the field. Many an export has a status,
// an event source or a search string of its own that is nobody else's business: those are sent when they are mapped, or when
// they bear the name that Meta's templates give them, such as custom_data.status.
func (f field) plain() bool {
	switch f {
	case fieldValue, fieldCurrency, fieldOrderID, fieldItemNumber:
		return true
	case fieldOptOut, fieldReferrerURL:
		return false
	}
	return f < fieldValue
}

func (a aliases) add(t target, headers ...string) {
	for _, h := range headers {
		h = fold(h)
		if _, taken := a.targets[h]; !taken {
			a.targets[h] = t
			a.rank[h] = len(a.rank)
		}
	}
}

// find looks a header up as it is and, failing that, without the prefix under which Meta's offline template, HubSpot
// and many others put their members.
func (a aliases) find(header string) (target, int, bool) {
	h := fold(header)
	if t, ok := a.targets[h]; ok {
		return t, a.rank[h], true
	}
	for _, prefix := range []string{"matchkeys", "userdata", "customdata", "properties", "fields", "attributes"} {
		if rest, ok := strings.CutPrefix(h, prefix); ok {
			t, found := a.targets[rest]
			return t, a.rank[rest] + len(a.rank), found
		}
	}
	return target{}, 0, false
}

func userAliases() []struct {
	key     event.Key
	headers string
} {
	return []struct {
		key     event.Key
		headers string
	}{
		{event.Email, `email emailaddress email1 email2 email3 emailaddress1 emailaddress2 mail contactemail customeremail
			personemail leademail workemail buyeremail billingemail emailadres epost courriel adresseemail correoelectronico correoelectrónico`},
		{event.Phone, `phone phonenumber phone1 phone2 phone3 telephone telephonenumber tel mobile mobilephone mobilenumber cell
			cellphone contactphone contactmobile contactmobilephone customerphone personmobilephone leadphone billingphone
			homephone telefoon telefoonnummer telefon telefonnummer telefono teléfono téléphone mobil mobiltelefon handy`},
		{event.FirstName, `firstname first givenname forename contactfirstname customerfirstname billingfirstname vorname
			voornaam prenom prénom`},
		{event.LastName, `lastname last surname familyname contactlastname customerlastname billinglastname nachname achternaam apellido apellidos`},
		{event.Birth, `dateofbirth dob birthdate birthday contactbirthdate geburtsdatum geboortedatum`},
		{event.Gender, `gender gen sex geschlecht geslacht`},
		{event.City, `city town mailingcity contactmailingcity billingcity customercity ort stad woonplaats ville`},
		{event.State, `state stateprovince stateregion province mailingstate mailingstateprovince contactmailingstateprovince
			billingstate billingstateprovince`},
		{event.Zip, `zip zipcode postalcode postcode zippostalcode mailingzip mailingpostalcode mailingzippostalcode
			contactmailingzippostalcode billingzip billingpostalcode billingzippostalcode plz postleitzahl codepostal códigopostal codigopostal`},
		{event.Country, `country countrycode countryregion mailingcountry contactmailingcountry billingcountry customercountry
			land`},
		{event.ExternalID, `externalid externid`},
		{event.LeadID, `leadid metaleadid facebookleadid fbleadid`},
		{event.MADID, `madid mobileadvertiserid`},
		{event.ClientIP, `clientipaddress`},
		{event.UserAgent, `clientuseragent`},
	}
}

func fieldAliases() []struct {
	field   field
	headers string
} {
	return []struct {
		field   field
		headers string
	}{
		{fieldEventName, `eventname event`},
		{fieldEventTime, `eventtime eventdate timestamp closedate closedat dealclosedate transactiontime transactiondate saletime
			saledate saledatetime orderdate purchasedate datetime date datum`},
		{fieldValue, `value amount totalamount total grandtotal ordertotal saleamount saletotal transactionamount dealamount
			totalprice revenue betrag bedrag montant importe amountconverted`},
		{fieldCurrency, `currency currencycode currencyisocode amountcurrency opportunitycurrency dealcurrencycode
			transactioncurrency waehrung währung valuta munteenheid devise moneda divisa amountconvertedcurrency`},
		{fieldOrderID, `orderid ordernumber orderno receiptnumber receiptno receiptid receipt transactionid transactionnumber
			invoicenumber invoiceid bonnummer belegnummer`},
		{fieldItemNumber, `itemnumber linenumber`},
	}
}
