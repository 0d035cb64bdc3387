package event

// What reading a record brings up, before there is an event.
const (
	ReasonBlankLine          Reason = "blank_line"
	ReasonFooterLine         Reason = "footer_line"
	ReasonStageNotMapped     Reason = "stage_not_mapped"
	ReasonNotKept            Reason = "not_kept"
	ReasonIgnored            Reason = "ignored"
	ReasonNoConsent          Reason = "no_consent"
	ReasonConsentUnreadable  Reason = "consent_unreadable"
	ReasonDatasetNotMapped   Reason = "dataset_not_mapped"
	ReasonRefund             Reason = "refund"
	ReasonZeroSale           Reason = "zero_sale"
	ReasonTooOld             Reason = "too_old"
	ReasonRaggedRow          Reason = "ragged_row"
	ReasonQuoteUnclosed      Reason = "quote_unclosed"
	ReasonRecordTooLarge     Reason = "record_too_large"
	ReasonJSONMalformed      Reason = "json_malformed"
	ReasonJSONNotObject      Reason = "json_not_object"
	ReasonRecordKeyMissing   Reason = "record_key_missing"
	ReasonRecordKeyDestroyed Reason = "record_key_destroyed"
	ReasonDateUnreadable     Reason = "date_unreadable"
	ReasonTimeUnreadable     Reason = "time_unreadable"
	ReasonDateAmbiguous      Reason = "date_ambiguous"
	ReasonDateOnly           Reason = "date_only"
	ReasonClockChange        Reason = "clock_change"
	ReasonNumberUnreadable   Reason = "number_unreadable"
	ReasonNumberAmbiguous    Reason = "number_ambiguous"
	ReasonBooleanUnreadable  Reason = "boolean_unreadable"
	ReasonCurrencyConflict   Reason = "currency_conflict"
	ReasonStageDateMissing   Reason = "stage_date_missing"
	ReasonSameIDTwice        Reason = "same_id_twice"
	ReasonReadAsWindows1252  Reason = "read_as_windows_1252"
	ReasonTextGarbled        Reason = "text_garbled"
	ReasonZipZeroRestored    Reason = "zip_zero_restored"
	ReasonFBCDropped         Reason = "fbc_dropped"
	ReasonDroppedEmail       Reason = "dropped_email"
	ReasonDroppedPhone       Reason = "dropped_phone"
	ReasonDroppedFirstName   Reason = "dropped_first_name"
	ReasonDroppedLastName    Reason = "dropped_last_name"
	ReasonDroppedDateOfBirth Reason = "dropped_date_of_birth"
	ReasonDroppedGender      Reason = "dropped_gender"
	ReasonDroppedCity        Reason = "dropped_city"
	ReasonDroppedState       Reason = "dropped_state"
	ReasonDroppedZip         Reason = "dropped_zip"
	ReasonDroppedCountry     Reason = "dropped_country"
	ReasonDroppedExternalID  Reason = "dropped_external_id"
	ReasonDroppedLeadID      Reason = "dropped_lead_id"
	ReasonDroppedIdentifier  Reason = "dropped_identifier"
	ReasonDroppedHash        Reason = "dropped_hash"
	ReasonGenderAmbiguous    Reason = "gender_ambiguous"
	ReasonLinesDisagree      Reason = "lines_disagree"
	ReasonLineBesideDamaged  Reason = "line_beside_damaged"
	ReasonGroupValueDiffers  Reason = "group_value_differs"
	ReasonGroupValueMissing  Reason = "group_value_missing"
	ReasonPersonNotFound     Reason = "person_not_found"
	ReasonPersonUnknown      Reason = "person_unknown"
	ReasonAmountMissing      Reason = "amount_missing"
)

func recordReasons() []Reason {
	return []Reason{
		ReasonBlankLine,
		ReasonFooterLine,
		ReasonStageNotMapped,
		ReasonNotKept,
		ReasonIgnored,
		ReasonNoConsent,
		ReasonConsentUnreadable,
		ReasonDatasetNotMapped,
		ReasonRefund,
		ReasonZeroSale,
		ReasonTooOld,
		ReasonRaggedRow,
		ReasonQuoteUnclosed,
		ReasonRecordTooLarge,
		ReasonJSONMalformed,
		ReasonJSONNotObject,
		ReasonRecordKeyMissing,
		ReasonRecordKeyDestroyed,
		ReasonDateUnreadable,
		ReasonTimeUnreadable,
		ReasonDateAmbiguous,
		ReasonDateOnly,
		ReasonClockChange,
		ReasonNumberUnreadable,
		ReasonNumberAmbiguous,
		ReasonBooleanUnreadable,
		ReasonCurrencyConflict,
		ReasonStageDateMissing,
		ReasonSameIDTwice,
		ReasonReadAsWindows1252,
		ReasonTextGarbled,
		ReasonZipZeroRestored,
		ReasonFBCDropped,
		ReasonDroppedEmail,
		ReasonDroppedPhone,
		ReasonDroppedFirstName,
		ReasonDroppedLastName,
		ReasonDroppedDateOfBirth,
		ReasonDroppedGender,
		ReasonDroppedCity,
		ReasonDroppedState,
		ReasonDroppedZip,
		ReasonDroppedCountry,
		ReasonDroppedExternalID,
		ReasonDroppedLeadID,
		ReasonDroppedIdentifier,
		ReasonDroppedHash,
		ReasonGenderAmbiguous,
		ReasonLinesDisagree,
		ReasonLineBesideDamaged,
		ReasonGroupValueDiffers,
		ReasonGroupValueMissing,
		ReasonPersonNotFound,
		ReasonPersonUnknown,
		ReasonAmountMissing,
	}
}

func (r Reason) explainRecord() (explanation, bool) {
	switch r {
	case ReasonBlankLine:
		return explanation{Skip,
			"The line is empty.",
			"Nothing needs to be done."}, true
	case ReasonFooterLine:
		return explanation{Skip,
			"The line is a total or a footer and not a record.",
			"Nothing needs to be done."}, true
	case ReasonStageNotMapped:
		return explanation{Skip,
			"The record is in a stage that is not mapped to an event.",
			"Add the stage to the source's events when it should count as a conversion."}, true
	case ReasonNotKept:
		return explanation{Skip,
			"The record has none of the values that the source keeps.",
			"Add the value to the source's keep when such records should count."}, true
	case ReasonIgnored:
		return explanation{Skip,
			"The record has a value that the source ignores.",
			"Take the value out of the source's ignore when such records should count."}, true
	case ReasonNoConsent:
		return explanation{Skip,
			"The person has not consented.",
			"Nothing needs to be done; when another value means consent, list it under consent of the source."}, true
	case ReasonConsentUnreadable:
		return explanation{Reject,
			"It cannot be read whether the person has consented.",
			"Write yes or no into the column, or list the values that mean consent under consent of the source."}, true
	case ReasonDatasetNotMapped:
		return explanation{Skip,
			"The record belongs to none of the datasets that the source names.",
			"Add the value to the source's dataset when such records should count."}, true
	case ReasonRefund:
		return explanation{Skip,
			"The record is a refund or a cancellation, which is not a conversion.",
			"Nothing needs to be done."}, true
	case ReasonZeroSale:
		return explanation{Skip,
			"The sale has an amount of zero.",
			"Nothing needs to be done unless the amount is wrong in the source."}, true
	case ReasonTooOld:
		return explanation{Skip,
			"The conversion was already older than the window when the file arrived.",
			"Export more often, so that conversions arrive within 7 days."}, true
	case ReasonRaggedRow:
		return explanation{Reject,
			"The line has more or fewer cells than the header.",
			"Check the delimiter and the quotes around cells that hold a delimiter or a line break."}, true
	case ReasonQuoteUnclosed:
		return explanation{Reject,
			"A quotation mark opens a cell and is never closed.",
			"Close the quotation mark, or double it where it belongs to the text."}, true
	case ReasonRecordTooLarge:
		return explanation{Reject,
			"The record is larger than the program reads.",
			"Check for a quotation mark that is never closed, or leave large texts out of the export."}, true
	case ReasonJSONMalformed:
		return explanation{Reject,
			"The record cannot be read as JSON.",
			"Correct the JSON at the line that is named."}, true
	case ReasonJSONNotObject:
		return explanation{Reject,
			"The record is JSON, but not an object with members.",
			"Export every record as an object, and name the path of the list under records."}, true
	case ReasonRecordKeyMissing:
		return explanation{Reject,
			"The columns that identify the record are empty.",
			"Fill in the record's id in the source system."}, true
	case ReasonRecordKeyDestroyed:
		return explanation{Reject,
			"The spreadsheet destroyed this id.",
			"Write the id as the source system has it, in a column that is formatted as text, or export without a spreadsheet."}, true
	case ReasonDateUnreadable:
		return explanation{Reject,
			"A date cannot be read, or there is no such day.",
			"Write the right date as YYYY-MM-DD, or state its form under date_formats."}, true
	case ReasonTimeUnreadable:
		return explanation{Reject,
			"A time of day cannot be read.",
			"Write it with hours and minutes, as in 13:05 or 1:05 PM, or leave it empty when only the day is known."}, true
	case ReasonDateAmbiguous:
		return explanation{Reject,
			"A date can be read in two ways, because the order of day and month is not stated.",
			"Write it as YYYY-MM-DD, or state the form under date_formats, for example DD/MM/YYYY."}, true
	case ReasonDateOnly:
		return explanation{Warn,
			"The date has no time of day, so the time that the source states was used.",
			"Export the time as well when it is known: Meta may take several sales of one person at the same time for one."}, true
	case ReasonClockChange:
		return explanation{Warn,
			"The local time does not exist or happens twice on the day the clocks change.",
			"Export times in UTC or with their offset."}, true
	case ReasonNumberUnreadable:
		return explanation{Reject,
			"A number cannot be read.",
			"Write it with digits and one decimal mark only."}, true
	case ReasonNumberAmbiguous:
		return explanation{Reject,
			"A number can be read in two ways, because its only mark may stand for thousands or for decimals.",
			"Write it without a mark for thousands, as in 1234.00, or state the decimal mark of the source under decimal."}, true
	case ReasonBooleanUnreadable:
		return explanation{Reject,
			"A yes-or-no value cannot be read.",
			"Use yes or no, true or false, 1 or 0."}, true
	case ReasonCurrencyConflict:
		return explanation{Reject,
			"The currency of the record contradicts the one that the source states.",
			"Correct the record, or map the currency column instead of stating one."}, true
	case ReasonStageDateMissing:
		return explanation{Warn,
			"Another stage of this record has no date, so no event was made of that stage.",
			"Fill in the date of the stage in the source system when it should count."}, true
	case ReasonSameIDTwice:
		return explanation{Warn,
			"The same id appears more than once in this file.",
			"Check the export for lines that are repeated, or add a column to record_key."}, true
	case ReasonReadAsWindows1252:
		return explanation{Warn,
			"The file is not in UTF-8 and was read as Windows-1252, which Excel writes in the country of the source.",
			"State encoding: windows-1252 for the source, or export the file in UTF-8."}, true
	case ReasonTextGarbled:
		return explanation{Warn,
			"Letters with accents were garbled or lost before the file was made (José has become JosÃ©), so that names do not match.",
			"Export the file again in UTF-8, and open it in Excel only by Data, From Text/CSV."}, true
	case ReasonZipZeroRestored:
		return explanation{Warn,
			"A US ZIP code had lost its leading zero, and it was put back.",
			"Format the ZIP column as text in the spreadsheet."}, true
	case ReasonFBCDropped:
		return explanation{Warn,
			"The click id was malformed or too old and was left out.",
			"Map the original fbclid and its click time."}, true
	case ReasonDroppedEmail:
		return explanation{Warn,
			"An e-mail address could not be used and was left out.",
			"Correct the address in the source system."}, true
	case ReasonDroppedPhone:
		return explanation{Warn,
			"A phone number could not be used and was left out.",
			"Write it with its country code, or state the country of the source."}, true
	case ReasonDroppedFirstName:
		return explanation{Warn,
			"A first name could not be used and was left out.",
			"Correct the name in the source system."}, true
	case ReasonDroppedLastName:
		return explanation{Warn,
			"A last name could not be used and was left out.",
			"Correct the name in the source system."}, true
	case ReasonDroppedDateOfBirth:
		return explanation{Warn,
			"A date of birth could not be used and was left out.",
			"Write it as YYYY-MM-DD, or state its form under date_formats."}, true
	case ReasonDroppedGender:
		return explanation{Warn,
			"A gender could not be used and was left out.",
			"Use f or m, or leave it empty."}, true
	case ReasonDroppedCity:
		return explanation{Warn,
			"A city could not be used and was left out.",
			"Correct the city in the source system."}, true
	case ReasonDroppedState:
		return explanation{Warn,
			"A state could not be used and was left out.",
			"Use the two-letter code for the United States and Canada, else the name."}, true
	case ReasonDroppedZip:
		return explanation{Warn,
			"A postal code could not be used and was left out.",
			"Correct the postal code in the source system."}, true
	case ReasonDroppedCountry:
		return explanation{Warn,
			"A country could not be used and was left out.",
			"Use the two-letter code, for example NL."}, true
	case ReasonDroppedExternalID:
		return explanation{Warn,
			"An external id could not be used and was left out.",
			"Correct the id in the source system."}, true
	case ReasonDroppedLeadID:
		return explanation{Warn,
			"A lead id could not be used and was left out.",
			"Export the lead id from Meta as text, so that a spreadsheet does not round it."}, true
	case ReasonDroppedIdentifier:
		return explanation{Warn,
			"An identifier could not be used and was left out.",
			"Correct it in the source system, or leave the column unmapped."}, true
	case ReasonDroppedHash:
		return explanation{Warn,
			"A value was hashed with MD5 or SHA-1, which Meta does not accept, and was left out.",
			"Export the value itself, or its SHA-256."}, true
	case ReasonGenderAmbiguous:
		return explanation{Warn,
			"A gender is one letter that means man in one language and woman in another, as M does in Spanish, and was left out.",
			"Export the whole word, such as hombre or mujer."}, true
	case ReasonLinesDisagree:
		return explanation{Reject,
			"The lines of one record contradict one another.",
			"Make the column the same on every line of the record, or fill it in on one line alone."}, true
	case ReasonLineBesideDamaged:
		return explanation{Reject,
			"A line beside the record is damaged and may belong to it.",
			"Mend the damaged line and import it together with the lines of this record."}, true
	case ReasonGroupValueDiffers:
		return explanation{Reject,
			"The lines of one record have different amounts.",
			"Correct the amount, or write value: sum under group_by when every line has an amount of its own."}, true
	case ReasonGroupValueMissing:
		return explanation{Reject,
			"A line of the record has no amount, although the amounts of its lines add up.",
			"Fill in the amount of every line, 0 where there is none, or write value: once under group_by."}, true
	case ReasonPersonNotFound:
		return explanation{Reject,
			"The person that the record refers to is not among the people that were imported.",
			"Import a current export of the contacts first, then this file again."}, true
	case ReasonPersonUnknown:
		return explanation{Warn,
			"The person that the record refers to is not among the people that were imported, so only the record's own identifiers are sent.",
			"Import a current export of the contacts before this one the next time."}, true
	case ReasonAmountMissing:
		return explanation{Warn,
			"The event has no amount, although its source says which column has it.",
			"Fill in the amount before the export: once the event is sent, a corrected amount is only reported."}, true
	}
	return explanation{}, false
}
