package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"capibara/uploader/capi"
)

// warnBefore is how long before Meta ends a Graph version that is said.
const warnBefore = 90 * 24 * time.Hour

// versionEnds says that Meta ends the configured Graph version soon, or has ended it; "" when it does not. A version that
// is newer than this program is none of its business.
func (c *config) versionEnds(now time.Time) string {
	v := c.Graph.Version
	end, known := capi.EndOfLife(v)
	way := fmt.Sprintf("take graph.version out of the configuration, or write %s there.", capi.DefaultVersion)
	switch {
	case capi.Outlived(v):
		return fmt.Sprintf("Graph %s has ended: Meta may refuse what is sent, or read it as a newer version does; %s", v, way)
	case !known || end.Sub(now) > warnBefore:
		return ""
	case !now.Before(end):
		return fmt.Sprintf("Graph %s ended on %s: Meta may refuse what is sent, or read it as a newer version does; %s", v, end.Format("2 January 2006"), way)
	}
	return fmt.Sprintf("Meta ends Graph %s on %s, in %s; %s", v, end.Format("2 January 2006"), counted(int(math.Ceil(end.Sub(now).Hours()/24)), "day", "days"), way)
}

// versionEnded reports whether somebody has to change the Graph version now.
func (c *config) versionEnded(now time.Time) bool {
	end, known := capi.EndOfLife(c.Graph.Version)
	return capi.Outlived(c.Graph.Version) || known && !now.Before(end)
}

// tellVersion logs once, until it changes, that the Graph version ends.
func (l *local) tellVersion() {
	ends := l.config.versionEnds(l.now())
	end, _, _ := strings.Cut(ends, ", in ") // the days that are left change daily
	if ends != "" && end != l.toldVersion {
		l.log.Warn().Msg(ends)
	}
	l.toldVersion = end
}
