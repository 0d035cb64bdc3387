package capi

import "fmt"

// End is how one attempt ended: what is known about its events. The zero value is Unknown, the careful one.
type End uint8

// The ends of an attempt.
const (
	// Unknown: the events may or may not have been taken. They may be sent again only as the same bytes.
	Unknown End = iota
	// NotSent: the request did not leave whole, so nothing can have been taken.
	NotSent
	// Acknowledged: Meta counted every event of the request.
	Acknowledged
	// InvalidEvent: Meta refused the whole request because of at least one of its events; none was taken.
	InvalidEvent
	// TooLarge: the request holds too many events or bytes; none was taken, and it has to be split.
	TooLarge
	// Throttled: refused for now; none was taken. Error.RetryAfter says for how long, where Meta said so.
	Throttled
	// Stopped: token, permission, configuration or policy refuse everything for this dataset; none was taken.
	Stopped
)

var endNames = [...]string{"unknown", "not_sent", "acknowledged", "invalid_event", "too_large", "throttled", "stopped"}

// String returns the stable snake_case name that journals and JSON carry.
func (e End) String() string {
	if int(e) < len(endNames) {
		return endNames[e]
	}
	return fmt.Sprintf("end(%d)", uint8(e))
}

// ParseEnd reads what String wrote.
func ParseEnd(name string) (End, error) {
	for i, known := range endNames {
		if name == known {
			return End(i), nil
		}
	}
	return Unknown, fmt.Errorf("%q is not an end of an attempt", name)
}

// PossiblyReceived reports whether Meta may hold the events of an attempt that ended so.
func (e End) PossiblyReceived() bool { return e == Unknown || e == Acknowledged }

// Ends returns the names of all ends of an attempt.
func Ends() []string { return append([]string(nil), endNames[:]...) }
