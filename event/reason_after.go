package event

// What befalls a whole file, or an event after it was accepted.
const (
	ReasonFileEmpty           Reason = "file_empty"
	ReasonExpiredWaiting      Reason = "expired_waiting"
	ReasonExpiredPossiblySent Reason = "expired_possibly_sent"
	ReasonFateUnknown         Reason = "fate_unknown"
	ReasonSentElsewhere       Reason = "sent_elsewhere"
	ReasonReplaced            Reason = "replaced"
	ReasonRejectedByMeta      Reason = "rejected_by_meta"
	ReasonPayloadDamaged      Reason = "payload_damaged"
	ReasonWithdrawn           Reason = "withdrawn"
	ReasonNoLongerQualified   Reason = "no_longer_qualified"
	ReasonRefunded            Reason = "refunded"
	ReasonRequeued            Reason = "requeued"
	ReasonResolvedSent        Reason = "resolved_sent"
	ReasonResolvedNotSent     Reason = "resolved_not_sent"
	ReasonErased              Reason = "erased"
	ReasonPersonErased        Reason = "person_erased"
)

func afterReasons() []Reason {
	return []Reason{
		ReasonFileEmpty,
		ReasonExpiredWaiting,
		ReasonExpiredPossiblySent,
		ReasonFateUnknown,
		ReasonSentElsewhere,
		ReasonReplaced,
		ReasonRejectedByMeta,
		ReasonPayloadDamaged,
		ReasonWithdrawn,
		ReasonNoLongerQualified,
		ReasonRefunded,
		ReasonRequeued,
		ReasonResolvedSent,
		ReasonResolvedNotSent,
		ReasonErased,
		ReasonPersonErased,
	}
}

func (r Reason) explainAfter() (explanation, bool) {
	switch r {
	case ReasonFileEmpty:
		return explanation{Reject,
			"The file holds no record.",
			"Check the export; an empty file usually means that it failed."}, true
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
			"Compare the counts of that day in Meta's Events Manager before you send it by another way."}, true
	case ReasonSentElsewhere:
		return explanation{Warn,
			"The event waited in an older copy of the ledger when that copy was put to work, and the ledger before it may have sent the event.",
			"Compare the counts of that day in Meta's Events Manager before you send it by another way."}, true
	case ReasonReplaced:
		return explanation{Skip,
			"A later file changed the record before it was sent, and the event of that file took its place.",
			"Nothing needs to be done; on_conflict of the source says that what changed is updated."}, true
	case ReasonRejectedByMeta:
		return explanation{Reject,
			"Meta refused the event.",
			"Read what Meta answered, and correct the record in the source system."}, true
	case ReasonPayloadDamaged:
		return explanation{Reject,
			"The event as it is stored cannot be read, so it was not sent.",
			"Keep a copy of the data folder, and check the database."}, true
	case ReasonWithdrawn:
		return explanation{Skip,
			"Somebody took the event back before it was sent.",
			"Nothing needs to be done; a corrected record of it is accepted, and the event can be requeued."}, true
	case ReasonNoLongerQualified:
		return explanation{Skip,
			"A later file showed that the deal no longer qualifies, so the event was taken back before it was sent.",
			"Nothing needs to be done; when the deal qualifies again, its record is accepted."}, true
	case ReasonRefunded:
		return explanation{Skip,
			"The order was refunded before it was sent, so the event was taken back.",
			"Nothing needs to be done."}, true
	case ReasonRequeued:
		return explanation{Warn,
			"Somebody made the event wait to be sent again.",
			"Nothing needs to be done."}, true
	case ReasonResolvedSent:
		return explanation{Warn,
			"Nobody knew whether Meta received the event, and somebody said that it did.",
			"Nothing needs to be done."}, true
	case ReasonResolvedNotSent:
		return explanation{Warn,
			"Nobody knew whether Meta received the event, and somebody said that it did not.",
			"Nothing needs to be done; it waits to be sent again."}, true
	case ReasonErased:
		return explanation{Skip,
			"Its content was erased on request.",
			"Nothing needs to be done; what proves that it was there, and what became of it, is kept."}, true
	case ReasonPersonErased:
		return explanation{Skip,
			"The record is about a person whose data was erased on request.",
			"Nothing needs to be done here; take the person out of the source system as well."}, true
	}
	return explanation{}, false
}
