package capi

// Entry explains one error of the Graph API: what it means, what this program does about it, and what a person does.
type Entry struct {
	Code     int // error.code
	LastCode int // the end of a range of codes that mean the same; Code when there is no range
	Subcode  int // error.error_subcode; 0: any that has no entry of its own
	Class    Class
	Cause    string
	Program  string
	Person   string
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

// catalogue is the one place where a code gets its class. Sources: Meta's pages on error handling, rate limiting and
// the Conversions API, and recorded answers where Meta documents a code without its subcodes.
var catalogue = [...]Entry{
	{1, 1, 0, ClassTransient, "Meta failed for an unknown reason, often for a moment.", doUnknown, askNothing},
	{2, 2, 0, ClassTransient, "A service at Meta is down for a moment.", doUnknown, askNothing},
	{5000, 5000, 0, ClassTransient, "Meta failed for an unknown reason.", doUnknown, askNothing},
	{21009, 21009, 0, ClassTransient, "Meta could not process the request just now.", doUnknown, askNothing},

	{4, 4, 0, ClassThrottle, "The app made too many calls.", doWait, "Nothing, unless it happens daily: then send larger batches, or ask Meta for a higher limit."},
	{17, 17, 0, ClassThrottle, "The user or system user made too many calls.", doWait, "Nothing, unless it happens daily."},
	{32, 32, 0, ClassThrottle, "The page made too many calls.", doWait, "Nothing, unless it happens daily."},
	{341, 341, 0, ClassThrottle, "The app reached a limit of its own.", doWait, "Nothing, unless it happens daily."},
	{613, 613, 0, ClassThrottle, "A custom rate limit was reached.", doWait, "Nothing, unless it happens daily."},
	{80000, 80014, 0, ClassThrottle, "A rate limit of this kind of business use was reached.", doWait, "Nothing, unless it happens daily."},

	{190, 190, 0, ClassCredentials, "The access token does not work: it is invalid, expired or revoked.", doStop,
		"Make a new access token for the dataset in Events Manager under Settings, Conversions API, and put it where the configuration says."},
	{190, 190, 458, ClassCredentials, "The person behind the token removed the app.", doStop, "Make a new token, best with a system user, which nobody logs out."},
	{190, 190, 459, ClassCredentials, "The person behind the token must log in at Facebook first.", doStop, "Log in at facebook.com and follow what it asks; or use a system user's token."},
	{190, 190, 460, ClassCredentials, "The password behind the token was changed.", doStop, "Make a new token, best with a system user."},
	{190, 190, 463, ClassCredentials, "The access token has expired.", doStop, "Make a new token; a system user's token does not expire."},
	{190, 190, 464, ClassCredentials, "The account behind the token is not confirmed.", doStop, "Confirm the account at facebook.com, or use a system user's token."},
	{190, 190, 467, ClassCredentials, "The access token was revoked or is invalid.", doStop, "Make a new token."},
	{190, 190, 492, ClassCredentials, "The person behind the token has no role at the page any more.", doStop, "Make a token of somebody who has, best of a system user."},
	{102, 102, 0, ClassCredentials, "The session behind the token has ended.", doStop, "Make a new token, best with a system user."},
	{104, 104, 0, ClassCredentials, "The app asks for a proof with every call (appsecret_proof), and it was missing or wrong.", doStop,
		"Switch off «Require app secret» in the app's advanced settings, or use a token made in Events Manager."},

	{3, 3, 0, ClassPermission, "The app may not make this call.", doStop, "Use a token made in Events Manager for this dataset, or give the app the Conversions API capability."},
	{10, 10, 0, ClassPermission, "The token lacks the permission, or it was taken away.", doStop, "Give the system user access to the dataset in Business settings, then make a new token."},
	{200, 299, 0, ClassPermission, "The token lacks a permission for this dataset.", doStop, "Give the system user access to the dataset in Business settings (ads_management or business_management), then make a new token."},
	{803, 803, 0, ClassConfiguration, "There is no object with this dataset id. Older write-ups also use this code for a missing permission.", doStop,
		"Compare the dataset id with Events Manager; if it is right, give the system user access to the dataset."},
	{2500, 2500, 0, ClassConfiguration, "The address of the call is wrong, or no token came with it.", doStop, "Check the dataset id and the Graph version in the configuration."},
	{100, 100, 33, ClassConfiguration, "The dataset does not exist, or this token may not see it.", doStop,
		"Compare the dataset id with Events Manager; if it is right, give the system user access to the dataset and make a new token."},

	{368, 368, 0, ClassPolicy, "Meta blocked the account or the app for a while because of its policies. Older write-ups also use this code for a rate limit.", doPause,
		"Open Account Quality (https://www.facebook.com/accountquality) and follow what it says; do not force it by sending again."},

	{100, 100, 0, ClassInvalidEvent, "A parameter is missing or wrong.", doIsolate, "Read Meta's message at the event, mend the record at its source, and import it again."},
	{100, 100, 2804001, ClassInvalidEvent, "The click id (fbc) is malformed. Older write-ups also use this code for a missing user_data.", doIsolate,
		"Check the column that holds fbc or fbclid; leave it out if it is not a click id."},
	{100, 100, 2804002, ClassInvalidEvent, "Meta does not document this code. Older write-ups use it for a wrong action_source.", doIsolate,
		"Check the source's action_source; in-store sales are physical_store."},
	{100, 100, 2804003, ClassInvalidEvent, "The event is too old: more than 7 days, or 62 days for physical_store.", doIsolate,
		"Import records sooner. Meta takes no older events, and a changed time would be a false one."},
	{100, 100, 2804004, ClassInvalidEvent, "The event's time is in the future.", doIsolate,
		"Check the clock of the machine and of the tills, the time zone of the source, and that times are not milliseconds."},
	{100, 100, 2804009, ClassInvalidEvent, "A Purchase has no value, or one that is not a number.", doIsolate, "Map the column that holds the amount."},
	{100, 100, 2804010, ClassInvalidEvent, "A Purchase has no currency, or one that is not an ISO 4217 code.", doIsolate, "Set the source's currency, or map its column."},
	{100, 100, 2804016, ClassInvalidEvent, "A customer parameter is not hashed, or is not one Meta knows.", doIsolate, "Report it: this program hashes what has to be hashed."},
	{100, 100, 2804019, ClassInvalidEvent, "A required parameter is missing or wrong. It is also the answer to a probe, where it shows that token and dataset work.", doIsolate,
		"Check event_name, event_time, action_source and user_data; website events also need client_user_agent and event_source_url."},
	{100, 100, 2804036, ClassInvalidEvent, "The lead_id is not a number of 15 to 17 digits.", doIsolate, "Map the lead id of Meta's lead download; spreadsheets destroy its last digits, so format the column as text."},
	{100, 100, 2804050, ClassInvalidEvent, "There is too little to find the customer by: a city, a country, a gender or a first name alone do not identify anybody.", doIsolate,
		"Map an e-mail address, a phone number, a lead id or an external id."},
}
