package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"capibara/uploader/capi"

	"github.com/spf13/cobra"
)

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  capibara version",
		Args:    arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "capibara %s (%s, %s/%s), Graph API %s\n", version(), runtime.Version(), runtime.GOOS,
				runtime.GOARCH, capi.DefaultVersion)
			return err
		},
	}
}

// version is what the build recorded: a tag, or a pseudo-version with the commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development build"
}
