package capi

// Entry explains one error of the Graph API: what it means, what this program does about it, and what a person does.
type Entry struct {
	Code     int    // error.code
	LastCode int    // the end of a range of codes that mean the same; Code when there is no range
	Subcode  int    // error.error_subcode; 0: any that has no entry of its own
	Type     string // error.type, where the same code means something else with it; "": any that has no entry of its own
	Class    Class
	Member   string // Meta's name of the member at fault, such as custom_data.value; "" when the code does not tell
	Cause    string
	Older    string // what older write-ups take the code for, where that differs; else ""
	Program  string
	Person   string
}

// Meaning is the cause, and the reading of older write-ups where it differs: people come with those in hand.
func (e Entry) Meaning() string {
	if e.Older == "" {
		return e.Cause
	}
	return e.Cause + " " + e.Older
}

// What this program does, by class: one sentence each, so that the answers cannot drift apart.
const (
	doWait     = "Sending for this dataset waits as long as Meta asks, or backs off; the events stay pending and no attempt is spent."
	doUnknown  = "The fate of the events is unknown: the dataset is probed, and the same bytes are sent again within 36 hours."
	doStop     = "Sending for this dataset stops at once; the events stay pending, and sending resumes by itself when a probe passes."
	doPause    = "Sending for this dataset pauses for hours; the events stay pending, and sending resumes when a probe passes."
	doIsolate  = "The event is searched out and rejected with this reason; the other events of its request are sent."
	askNothing = "Nothing, unless it lasts for hours: then see https://metastatus.com."
)

// typeGraphMethod is the error.type of what Graph refuses before it has looked at what was sent.
const typeGraphMethod = "GraphMethodException"

// catalogue is the one place where a code gets its class. Sources: Meta's pages on error handling, rate limiting and
// the Conversions API, and recorded answers where Meta documents a code without its subcodes.
var catalogue = [...]Entry{
	{Code: 1, Class: ClassTransient, Program: doUnknown,
		Cause:  "Meta failed for an unknown reason, often for a moment.",
		Person: askNothing},
	{Code: 2, Class: ClassTransient, Program: doUnknown,
		Cause:  "A service at Meta is down for a moment.",
		Person: askNothing},
	{Code: 5000, Class: ClassTransient, Program: doUnknown,
		Cause:  "Meta failed for an unknown reason.",
		Person: askNothing},
	{Code: 21009, Class: ClassTransient, Program: doUnknown,
		Cause:  "Meta could not process the request just now.",
		Person: askNothing},

	{Code: 4, Class: ClassThrottle, Program: doWait,
		Cause:  "The app made too many calls.",
		Person: "Nothing, unless it happens daily: then send larger batches, or ask Meta for a higher limit."},
	{Code: 17, Class: ClassThrottle, Program: doWait,
		Cause:  "The user or system user made too many calls.",
		Person: "Nothing, unless it happens daily."},
	{Code: 32, Class: ClassThrottle, Program: doWait,
		Cause:  "The page made too many calls.",
		Person: "Nothing, unless it happens daily."},
	{Code: 341, Class: ClassThrottle, Program: doWait,
		Cause:  "The app reached a limit of its own.",
		Person: "Nothing, unless it happens daily."},
	{Code: 613, Class: ClassThrottle, Program: doWait,
		Cause:  "A custom rate limit was reached.",
		Person: "Nothing, unless it happens daily."},
	{Code: 80000, LastCode: 80014, Class: ClassThrottle, Program: doWait,
		Cause:  "A rate limit of this kind of business use was reached.",
		Person: "Nothing, unless it happens daily."},

	{Code: 190, Class: ClassCredentials, Program: doStop,
		Cause:  "The access token does not work: it is invalid, expired or revoked.",
		Person: "Make a new access token for the dataset in Events Manager under Settings, Conversions API, and put it where the configuration says."},
	{Code: 190, Subcode: 458, Class: ClassCredentials, Program: doStop,
		Cause:  "The person behind the token removed the app.",
		Person: "Make a new token, best with a system user, which nobody logs out."},
	{Code: 190, Subcode: 459, Class: ClassCredentials, Program: doStop,
		Cause:  "The person behind the token must log in at Facebook first.",
		Person: "Log in at facebook.com and follow what it asks; or use a system user's token."},
	{Code: 190, Subcode: 460, Class: ClassCredentials, Program: doStop,
		Cause:  "The password behind the token was changed.",
		Person: "Make a new token, best with a system user."},
	{Code: 190, Subcode: 463, Class: ClassCredentials, Program: doStop,
		Cause:  "The access token has expired.",
		Person: "Make a new token; a system user's token does not expire."},
	{Code: 190, Subcode: 464, Class: ClassCredentials, Program: doStop,
		Cause:  "The account behind the token is not confirmed.",
		Person: "Confirm the account at facebook.com, or use a system user's token."},
	{Code: 190, Subcode: 467, Class: ClassCredentials, Program: doStop,
		Cause:  "The access token was revoked or is invalid.",
		Person: "Make a new token."},
	{Code: 190, Subcode: 492, Class: ClassCredentials, Program: doStop,
		Cause:  "The person behind the token has no role at the page any more.",
		Person: "Make a token of somebody who has, best of a system user."},
	{Code: 102, Class: ClassCredentials, Program: doStop,
		Cause:  "The session behind the token has ended.",
		Person: "Make a new token, best with a system user."},
	{Code: 104, Class: ClassCredentials, Program: doStop,
		Cause:  "The app asks for a proof with every call (appsecret_proof), and it was missing or wrong.",
		Person: "Put the secret of the app that the token was made with (App Dashboard, App settings, Basic) where app_secret_file says; or switch off «Require app secret» in the app's advanced settings."},

	{Code: 3, Class: ClassPermission, Program: doStop,
		Cause:  "The app may not make this call.",
		Person: "Use a token made in Events Manager for this dataset, or give the app the Conversions API capability."},
	{Code: 10, Class: ClassPermission, Program: doStop,
		Cause:  "The token lacks the permission, or it was taken away.",
		Person: "Give the system user access to the dataset in Business settings, then make a new token."},
	{Code: 200, LastCode: 299, Class: ClassPermission, Program: doStop,
		Cause:  "The token lacks a permission for this dataset.",
		Person: "Give the system user access to the dataset in Business settings (ads_management or business_management), then make a new token."},
	{Code: 803, Class: ClassConfiguration, Program: doStop,
		Cause:  "There is no object with this dataset id.",
		Older:  "Older write-ups also use this code for a missing permission.",
		Person: "Compare the dataset id with Events Manager: the id of a page, an ad account, a business or an app looks just like it. If it is right, give the system user access to the dataset."},
	{Code: 2500, Class: ClassConfiguration, Program: doStop,
		Cause:  "The address of the call is wrong, or no token came with it.",
		Person: "Check the dataset id and the Graph version in the configuration."},
	{Code: 100, Subcode: 33, Class: ClassConfiguration, Program: doStop,
		Cause:  "The dataset does not exist, or this token may not see it.",
		Person: "Compare the dataset id with Events Manager: the id of a page, an ad account, a business or an app looks just like it. If it is right, give the system user access to the dataset and make a new token."},
	{Code: 100, Type: typeGraphMethod, Class: ClassConfiguration, Program: doStop,
		Cause:  "Meta refused the call itself before it looked at an event. Mostly the app asks for a proof with every call (appsecret_proof), and it was missing, or was made with the secret of another app.",
		Person: "Put the secret of the app that the token was made with (App Dashboard, App settings, Basic) where app_secret_file says; or switch off «Require app secret» in the app's advanced settings."},

	{Code: 368, Class: ClassPolicy, Program: doPause,
		Cause:  "Meta blocked the account or the app for a while because of its policies.",
		Older:  "Older write-ups also use this code for a rate limit.",
		Person: "Open Account Quality (https://www.facebook.com/accountquality) and follow what it says; do not force it by sending again."},

	{Code: 100, Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "A parameter is missing or wrong.",
		Person: "Read Meta's message at the event, mend the record at its source, and import it again."},
	{Code: 100, Subcode: 2804001, Member: "user_data.fbc", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "The click id (fbc) is malformed.",
		Older:  "Older write-ups also use this code for a missing user_data.",
		Person: "Check the column that holds fbc or fbclid; leave it out if it is not a click id."},
	{Code: 100, Subcode: 2804002, Member: "action_source", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "Meta does not document this code.",
		Older:  "Older write-ups use it for a wrong action_source.",
		Person: "Check the source's action_source; in-store sales are physical_store."},
	{Code: 100, Subcode: 2804003, Member: "event_time", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "The event is too old: more than 7 days, or 62 days for physical_store.",
		Older:  "Older write-ups know 7 days for every event.",
		Person: "Import records sooner. Meta takes no older events, and a changed time would be a false one."},
	{Code: 100, Subcode: 2804004, Member: "event_time", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "The event's time is in the future.",
		Person: "Check the clock of the machine and of the tills, the time zone of the source, and that times are not milliseconds."},
	{Code: 100, Subcode: 2804009, Member: "custom_data.value", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "A Purchase has no value, or one that is not a number.",
		Person: "Map the column that holds the amount."},
	{Code: 100, Subcode: 2804010, Member: "custom_data.currency", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "A Purchase has no currency, or one that is not an ISO 4217 code.",
		Person: "Set the source's currency, or map its column."},
	{Code: 100, Subcode: 2804016, Member: "user_data", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "A customer parameter is not hashed, or is not one Meta knows.",
		Person: "Report it: this program hashes what has to be hashed."},
	{Code: 100, Subcode: 2804019, Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "A required parameter is missing or wrong. It is also the answer to a probe, where it shows that token and dataset work.",
		Person: "Check event_name, event_time, action_source and user_data; website events also need client_user_agent and event_source_url."},
	{Code: 100, Subcode: 2804036, Member: "user_data.lead_id", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "The lead_id is not a number of 15 to 17 digits.",
		Person: "Map the lead id of Meta's lead download; spreadsheets destroy its last digits, so format the column as text."},
	{Code: 100, Subcode: 2804050, Member: "user_data", Class: ClassInvalidEvent, Program: doIsolate,
		Cause:  "There is too little to find the customer by: a city, a country, a gender or a first name alone do not identify anybody.",
		Person: "Map an e-mail address, a phone number, a lead id or an external id."},
}
