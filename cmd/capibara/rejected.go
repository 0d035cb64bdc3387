package main

import (
	"fmt"
	"os"

	"capibara/importer"
)

// defaultRejectedMode keeps rejected files, which hold personal data as it came, to their owner.
const defaultRejectedMode fileMode = 0o600

// checkRejected refuses to show rejected files to everybody, and a group that is let in nowhere.
func (c *config) checkRejected() error {
	switch f := &c.Folders; {
	case f.RejectedMode&0o007 != 0:
		return fmt.Errorf("folders.rejected_mode is %04o; rejected files hold personal data, so let a group in at most, such as 0660 with rejected_group", uint32(f.RejectedMode))
	case f.RejectedGroup != "" && f.RejectedMode&0o060 == 0:
		return fmt.Errorf("folders.rejected_group is %s, and rejected_mode %04o lets no group in; write rejected_mode: 0660 as well, or 0640", f.RejectedGroup, uint32(f.RejectedMode))
	}
	return nil
}

// importFolders are the folders of files, with who may open what is rejected.
func (c *config) importFolders() (importer.Folders, error) {
	f := importer.Folders{Inbox: c.Folders.Inbox, Archive: c.Folders.Archive, Rejected: c.Folders.Rejected}
	var err error
	if f.RejectedGroup, err = c.Folders.RejectedGroup.id("folders.rejected_group"); err != nil {
		return f, err
	}
	if c.Folders.RejectedMode != defaultRejectedMode {
		f.RejectedMode = os.FileMode(c.Folders.RejectedMode)
	}
	return f, nil
}

// furnishRejected makes the folder of rejected files when it is missing, and gives it the mode and group that are configured.
func (c *config) furnishRejected() (made bool, err error) {
	f, err := c.importFolders()
	if err != nil {
		return false, err
	}
	if made, err = f.FurnishRejected(); err != nil {
		return made, failed("correct folders.rejected, rejected_mode or rejected_group in the configuration", "%w", err)
	}
	return made, nil
}
