package uploader

import "sync"

// versionNote keeps what Meta's last answer said about the Graph version that is spoken.
type versionNote struct {
	mu   sync.Mutex
	text string
}

// VersionWarning is what Meta says about the Graph version, in X-Ad-Api-Version-Warning of the last answer to this
// process that had one; "" when none did.
func (u *Uploader) VersionWarning() string {
	u.version.mu.Lock()
	defer u.version.mu.Unlock()
	return u.version.text
}

// noteVersion takes in the header of an answer, and tells of a warning once, until it changes. A warning that some
// answers do not repeat is kept: not every server of Meta's adds it.
func (u *Uploader) noteVersion(warning string) {
	u.version.mu.Lock()
	defer u.version.mu.Unlock()
	if warning == "" || warning == u.version.text {
		return
	}
	u.version.text = warning
	u.c.Log.Warn().Str("warning", warning).Msg("Meta is about to end this version of the Graph API; set graph.version")
}
