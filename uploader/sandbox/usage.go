package sandbox

import (
	"errors"
	"fmt"
	"net/http"
)

// Usage is what the usage headers of every answer tell, X-Business-Use-Case-Usage and X-App-Usage. Without a percentage
// there are no such headers, as there are none at Meta before enough calls were made.
type Usage struct {
	Percent       int `json:"percent"`        // of the limit; Meta refuses from 100 on, the sandbox never does for this
	RegainMinutes int `json:"regain_minutes"` // estimated_time_to_regain_access
}

func (u Usage) check() error {
	if u.Percent < 0 || u.RegainMinutes < 0 {
		return errors.New("the usage of a limit must not be negative")
	}
	return nil
}

// SetUsage changes what the usage headers tell from the next answer on.
func (s *Sandbox) SetUsage(u Usage) error {
	if err := u.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usage = u
	return nil
}

// tellUsage adds the headers to an answer that has none of its own.
func (s *Sandbox) tellUsage(header http.Header, dataset string) {
	s.mu.Lock()
	u := s.usage
	s.mu.Unlock()
	if u.Percent == 0 || header.Get("X-Business-Use-Case-Usage") != "" {
		return
	}
	header.Set("X-Business-Use-Case-Usage", fmt.Sprintf(
		`{%q:[{"type":"ads_management","call_count":%d,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":%d}]}`, dataset, u.Percent, u.RegainMinutes))
	header.Set("X-App-Usage", fmt.Sprintf(`{"call_count":1,"total_time":2,"total_cputime":%d}`, u.Percent))
}
