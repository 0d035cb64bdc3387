package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"capibara/importer"
	"capibara/store"

	"github.com/spf13/cobra"
)

func newImportCommand(a *app) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "import FILE... | -",
		Short: "Turn exports into events that wait for the next upload",
		Long: `Reads the files and says what became of every record: accepted, duplicate, conflict, expired, skipped (nobody could
mend it) or rejected (a person can: those are written, with reason and fix, into the rejected folder, also as a workbook;
mended there, they are imported again). A page in the folder of receipts says the same to others. Nothing is sent.
The files stay where they are. Importing a file again is harmless: its records are duplicates then.

Files of people (kind: people) are read before the others, because the others may join them.

A file that fits no source by its name is looked at and not imported; "capibara map" writes a source for it.

Exit code 3 says that some records were rejected and everything else was taken.`,
		Example: `  capibara import deals.csv
  capibara import *.csv --source deals
  zcat deals.csv.gz | capibara import - --source deals`,
		Args: arguments(1, -1, "one file or more, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importFiles(cmd.Context(), args, source) },
	}
	cmd.Flags().StringVar(&source, "source", "", "read with this source of the configuration, whatever the file's name")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}

func (a *app) importFiles(ctx context.Context, args []string, source string) error {
	return a.visit(ctx, "import", toAct, func(c *config, h house) (err error) {
		if l, ok := h.(*local); ok {
			if d := l.testimony.inDoubt(); d != nil {
				fmt.Fprintf(a.stderr, "note: this is imported, and nothing is sent: %s; `capibara adopt` decides\n", d.why)
			}
		}
		reports := []fileReport{}
		var bad []error
		for _, arg := range c.peopleFirst(args, source) {
			r, err := a.importOne(ctx, c, h, arg, source)
			if err != nil {
				bad = append(bad, err)
			}
			if r.Name != "" {
				reports = append(reports, r)
				if a.output == asTable {
					a.printReport(c, r)
				}
			}
			if ctx.Err() != nil {
				break
			}
		}
		switch a.output {
		case asTable:
			a.printWaiting(reports)
		case asJSON:
			err = writeJSON(a.stdout, map[string]any{"files": reports})
		case asJSONL:
			err = writeJSONL(a.stdout, reports)
		}
		return errors.Join(err, importOutcome(reports, bad, len(args)))
	})
}

func (a *app) importOne(ctx context.Context, c *config, h house, arg, source string) (fileReport, error) {
	o := order{Source: source, Name: filepath.Base(arg)}
	if arg == "-" {
		if source == "" {
			return fileReport{}, misused("add --source NAME", "standard input has no name by which a source could recognise it")
		}
		o.Name, o.Content = "stdin", a.stdin
	} else {
		path, err := filepath.Abs(arg)
		if err != nil {
			return fileReport{}, err
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return fileReport{}, failed("name the files in it, or drop them into the inbox of a running capibara", "%s is a folder", arg)
		} else if err == nil && !info.Mode().IsRegular() {
			return fileReport{}, failed("pipe it in instead: `... | capibara import - --source NAME`",
				"%s is no regular file, and a file is read twice", arg)
		} else if errors.Is(err, os.ErrNotExist) {
			return fileReport{}, failed("check the path", "there is no file %s", arg)
		}
		o.Path = path
		if source == "" && !c.takes(o.Name) {
			return fileReport{}, a.importUnfit(ctx, c, arg, path)
		}
	}
	m := a.newMeter(o.Name, "records")
	defer m.end()
	r, err := h.Import(ctx, o, m.tell)
	if err != nil || r.State != store.FileImported.String() {
		return r, err
	}
	if r.TooOld, err = findTooOld(ctx, h, r); err != nil {
		return r, fmt.Errorf("file %s was imported, but not everything can be told about it: %w", r.Name, err)
	}
	return r, nil
}

// importUnfit looks at a file that fits no source, and says what to do with it. Nothing of it is stored.
func (a *app) importUnfit(ctx context.Context, c *config, arg, path string) error {
	r, err := a.reader(ctx, c, path, "", "")
	if err != nil {
		var refused *importer.RefusedError
		if errors.As(err, &refused) {
			return failed(refused.Hint, "%w", err)
		}
		return c.noSource(filepath.Base(path), r)
	}
	if a.output == asTable {
		v, err := importer.MakePreview(ctx, importer.PreviewInput{Path: path, Mapping: r.mapping, Now: a.now(), Suppressed: r.erased})
		if err != nil {
			return err
		}
		if v.Events == 0 && r.preset == "generic" {
			return c.noSource(arg, r) // nothing is known of the file but guesses
		}
		a.printPreview(newPreview(v, r))
	}
	return c.noSource(arg, r)
}

// importOutcome is the error of an import of several files: the worst of their ends.
func importOutcome(reports []fileReport, bad []error, files int) error {
	var rejected, with uint64
	for _, r := range reports {
		rejected += r.Counts.Rejected
		if r.Counts.Rejected > 0 && r.State == "imported" {
			with++
		}
	}
	if len(bad) == 0 {
		if with == 0 {
			return nil
		}
		return &failure{code: exitRejected, hint: "mend them in the rejects file and import that: what was accepted already counts as duplicate",
			err: errors.New(counted(rejected, "record was", "records were") + " rejected")}
	}
	code, hint := exitOK, hintOf(explained(bad[0]))
	for _, err := range bad {
		code = worse(code, exitCode(explained(err)))
	}
	if files == 1 {
		return &failure{code: code, hint: hint, err: bad[0]}
	}
	text := fmt.Sprintf("%d of %d files could not be imported:", len(bad), files)
	for _, err := range bad {
		text += "\n  " + err.Error()
	}
	return &failure{code: code, hint: hint, err: errors.New(text)}
}
