package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"capibara/importer"

	"github.com/spf13/cobra"
)

func newPreviewCommand(a *app) *cobra.Command {
	var source, preset string
	cmd := &cobra.Command{
		Use:   "preview FILE",
		Short: "Look at what an import of a file would do; stores and sends nothing",
		Long: `Reads the whole file as an import does and tells what would come of it: events and sums, what would be skipped or
rejected and why, with line and column, what looks odd, how many events tell who the person is, and three events as they
would be sent. Nothing is stored, and nothing is sent: it may be run at any time, beside a running capibara too, and works
before there is a configuration.

The file is read with the source that its name fits; --source takes another one, --preset one of the presets. A file that
fits no source is read with the preset whose export it looks like.

Records that are in the ledger already count as new here: only an import knows them.`,
		Example: `  capibara preview deals.csv
  capibara preview "report 17.csv" --source deals
  capibara preview export.csv --preset salesforce`,
		Args: arguments(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.preview(cmd.Context(), args[0], source, preset)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "read with this source of the configuration, whatever the file's name")
	cmd.Flags().StringVar(&preset, "preset", "", "read with this preset: "+strings.Join(importer.PresetNames(), ", "))
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

func (a *app) preview(ctx context.Context, file, source, preset string) error {
	if source != "" && preset != "" {
		return misused("leave one of them out", "--source and --preset exclude each other: a source names its preset itself")
	}
	path, err := regularFile(file)
	if err != nil {
		return err
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	r, err := a.reader(ctx, c, path, source, preset)
	if err != nil {
		return err
	}
	return a.showPreview(ctx, r)
}

// showPreview looks at the file with the source that was chosen, and prints what it sees.
func (a *app) showPreview(ctx context.Context, r reader) error {
	v, err := importer.MakePreview(ctx, importer.PreviewInput{Path: r.path, Mapping: r.mapping, Now: a.now(), Suppressed: r.erased})
	if errors.Is(err, os.ErrPermission) {
		return failed("let the user who runs capibara read it", "%w", err)
	}
	if err != nil {
		return err
	}
	p := newPreview(v, r)
	if a.output == asJSON {
		err = writeJSON(a.stdout, p)
	} else {
		a.printPreview(p)
	}
	if err == nil && v.Refusal != "" {
		return failed(previewHint(v.Hint, r), "file %s would be refused: %s", filepath.Base(r.path), v.Refusal)
	}
	return err
}

// previewHint is the way out of a refusal.
func previewHint(hint string, r reader) string {
	if r.source != "" {
		return hint
	}
	return strings.TrimSpace(hint + fmt.Sprintf(" `capibara map %s` asks what each column means and writes it into %s.", quotedArg(filepath.Base(r.path)), configName))
}

// regularFile is the absolute path of a file that can be read twice.
func regularFile(arg string) (string, error) {
	path, err := filepath.Abs(arg)
	if err != nil {
		return "", err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		return "", failed("check the path", "there is no file %s", arg)
	case err != nil:
		return "", failed("let the user who runs capibara read it", "looking at the file: %w", err)
	case info.IsDir():
		return "", failed("name a file in it", "%s is a folder", arg)
	case !info.Mode().IsRegular():
		return "", failed("save it in a file first", "%s is no regular file, and a file is read twice", arg)
	}
	return path, nil
}
