package event

// What befalls a whole file, or an event after it was accepted.
const (
	ReasonFileUndecodable     Reason = "file_undecodable"
	ReasonFileEmpty           Reason = "file_empty"
	ReasonFileTooManyRejects  Reason = "file_too_many_rejects"
	ReasonContentChanged      Reason = "content_changed"
	ReasonExpiredWaiting      Reason = "expired_waiting"
	ReasonExpiredPossiblySent Reason = "expired_possibly_sent"
	ReasonFateUnknown         Reason = "fate_unknown"
	ReasonWithdrawn           Reason = "withdrawn"
	ReasonErased              Reason = "erased"
	ReasonRejectedByMeta      Reason = "rejected_by_meta"
)

func afterReasons() []Reason {
	return []Reason{
		ReasonFileUndecodable,
		ReasonFileEmpty,
		ReasonFileTooManyRejects,
		ReasonContentChanged,
		ReasonExpiredWaiting,
		ReasonExpiredPossiblySent,
		ReasonFateUnknown,
		ReasonWithdrawn,
		ReasonErased,
		ReasonRejectedByMeta,
	}
}

func (r Reason) explainAfter() (explanation, bool) {
	switch r {
	case ReasonFileUndecodable:
		return explanation{Reject,
			"The file cannot be read in any format or encoding that the source allows.",
			"Export the file again as CSV or JSON in UTF-8, or state its format and encoding."}, true
	case ReasonFileEmpty:
		return explanation{Reject,
			"The file holds no record.",
			"Check the export; an empty file usually means that it failed."}, true
	case ReasonFileTooManyRejects:
		return explanation{Reject,
			"So many of the first records cannot be used that the file or its mapping must be wrong.",
			"Look at the reasons of the rejected records and correct the mapping or the export."}, true
	case ReasonContentChanged:
		return explanation{Warn,
			"The record was imported before with another time, amount, currency, order id or item number, and the first content stays.",
			"Withdraw the event while it is pending, or correct the record in the source system."}, true
	case ReasonExpiredWaiting:
		return explanation{Skip,
			"The event became older than its window before it could be sent.",
			"Look in the history of the dataset for what kept it from sending, and import more often."}, true
	case ReasonExpiredPossiblySent:
		return explanation{Skip,
			"The event became older than its window while it was unknown whether Meta had received it.",
			"Compare the counts in Meta's Events Manager for that day when it matters."}, true
	case ReasonFateUnknown:
		return explanation{Warn,
			"It is unknown whether Meta received the event, and the time in which it may safely be sent again is over.",
			"Decide with the resolve command whether it counts as received."}, true
	case ReasonWithdrawn:
		return explanation{Skip,
			"The event was withdrawn before it was sent.",
			"Nothing needs to be done."}, true
	case ReasonErased:
		return explanation{Skip,
			"The event's personal data was erased on request.",
			"Nothing needs to be done."}, true
	case ReasonRejectedByMeta:
		return explanation{Reject,
			"Meta refused the event.",
			"Read Meta's code with the explain command, correct the record and requeue it."}, true
	}
	return explanation{}, false
}
