package main

import (
	"cmp"
	"crypto/sha256"
	"strings"

	"capibara/event"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

func newConfigCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the configuration that is in force",
		Long: `Prints every key with the value that is in force, from the file, the environment and the defaults, with absolute
paths. Access tokens are never printed. It also checks the sources and the schedule.`,
		Example: "  capibara config",
		Args:    arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			if _, err := c.compileForLook(); err != nil { // a dataset may lack its id still
				return err
			}
			if err := c.checkSchedule(a.now); err != nil {
				return err
			}
			if _, err := c.importFolders(); err != nil {
				return err
			}
			if _, err := c.receiptFolder(); err != nil {
				return err
			}
			text, err := c.effective()
			if err != nil {
				return err
			}
			a.line("# from %s", cmp.Or(c.path, "the defaults: there is no "+configName))
			a.line("%s", text)
			return a.printInherited(c)
		},
	}
}

// effective is the configuration in force. Access tokens and app secrets are in none.
func (c *config) effective() ([]byte, error) {
	text, err := yaml.MarshalWithOptions(c, yaml.OmitEmpty(), yaml.IndentSequence(true))
	if err != nil {
		return nil, failed("", "writing the configuration: %w", err)
	}
	return text, nil
}

// effectiveHash tells one configuration in force from another.
func (c *config) effectiveHash() (event.Hash, error) {
	text, err := c.effective()
	return sha256.Sum256(text), err
}

// printInherited prints what presets add to the sources, as comments: read back, the configuration means the same, because
// most of what a preset names may be missing from a file and what a source names may not.
func (a *app) printInherited(c *config) error {
	for i := range c.Sources {
		s := &c.Sources[i]
		_, inherited, err := s.Effective()
		if err != nil || inherited == nil {
			continue // an unknown preset was told before
		}
		adds := map[string]any{"keys": &inherited.Source, "other names of headers": inherited.Headers}
		if len(inherited.Needs) > 0 {
			adds["columns that must be there"] = inherited.Needs
		}
		if inherited.TimeOfDay != "" {
			adds["time of day beside event_time"] = inherited.TimeOfDay
		}
		text, err := yaml.MarshalWithOptions(adds, yaml.OmitEmpty(), yaml.IndentSequence(true))
		if err != nil {
			return failed("", "writing what a preset adds: %w", err)
		}
		a.line("# Source %s takes this from preset %s. Unless it says so, none of these columns has to be there; of several the first one counts.", s.Name, s.Preset)
		for line := range strings.Lines(string(text)) {
			a.line("#   %s", strings.TrimRight(line, "\n"))
		}
	}
	return nil
}
