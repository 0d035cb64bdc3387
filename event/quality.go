package event

import "fmt"

// Coverage counts which identifiers events carry, and estimates from it how well Meta will be able to match them. The zero
// value is ready.
//
// The estimate is one of identifier coverage alone: which identifiers the events have, and not whether they are right or
// known to Meta. It is not Meta's Event Match Quality, which exists for events of web sites only, is computed from real
// matches, and is seen in Events Manager. The weights are this project's reading of the order in which Meta's documentation
// ranks identifiers; whoever shows the number says that it is an estimate.
//
// Source: https://www.facebook.com/business/help/765081237991954 (about event match quality)
type Coverage struct {
	events uint64
	keys   [64]uint64 // events that carry the key
	points uint64     // tenths, over all events
}

// Add counts one event.
func (c *Coverage) Add(u *UserData) {
	set := u.keySet()
	c.events++
	points := 0
	for k := range c.keys {
		if set&(1<<k) != 0 {
			c.keys[k]++
			points += weight(Key(k))
		}
	}
	c.points += uint64(min(max(points, 10), 100))
}

// weight is what an identifier adds to the estimate of one event, in tenths of a point of ten.
func weight(k Key) int {
	switch k {
	case LeadID:
		return 70 // Meta's own id of the person's lead
	case Email, FBC, FBLoginID:
		return 40
	case Phone:
		return 30
	case ExternalID, MADID, SubscriptionID, CTWAClickID, PageScopedID, IGSID, AnonID:
		return 15
	case FBP, Birth:
		return 10
	case FirstName, LastName, Zip, ClientIP:
		return 6
	case City, State, Country, Gender, UserAgent:
		return 3
	}
	return 0
}

// Events is how many events were counted.
func (c *Coverage) Events() uint64 { return c.events }

// With is how many of the events carry the identifier.
func (c *Coverage) With(k Key) uint64 { return c.keys[k] }

// Mean is the mean over the events to a tenth, such as "6.4"; "" without an event.
func (c *Coverage) Mean() string {
	if c.events == 0 {
		return ""
	}
	tenths := (c.points + c.events/2) / c.events
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// Band names a range of the estimate.
type Band string

// The bands of the estimate.
const (
	Poor      Band = "poor"      // 1 to 3
	Fair      Band = "fair"      // 4 and 5
	Good      Band = "good"      // 6 and 7
	Excellent Band = "excellent" // 8 to 10
)

// Estimate is the mean over the events, from 1 to 10, with its band; 0 and "" without an event.
func (c *Coverage) Estimate() (score int, band Band) {
	if c.events == 0 {
		return 0, ""
	}
	score = int((c.points + 5*c.events) / (10 * c.events))
	switch {
	case score <= 3:
		return score, Poor
	case score <= 5:
		return score, Fair
	case score <= 7:
		return score, Good
	}
	return score, Excellent
}
