package main

import (
	"cmp"
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
			if _, err := c.compile(); err != nil {
				return err
			}
			if err := c.checkSchedule(a.now); err != nil {
				return err
			}
			if _, err := c.receiptFolder(); err != nil {
				return err
			}
			text, err := yaml.MarshalWithOptions(c, yaml.OmitEmpty(), yaml.IndentSequence(true))
			if err != nil {
				return failed("", "writing the configuration: %w", err)
			}
			a.line("# from %s", cmp.Or(c.path, "the defaults: there is no "+configName))
			a.line("%s", text)
			return nil
		},
	}
}
