package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	sampledata "capibara/sample-data"

	"github.com/spf13/cobra"
)

func newSampleCommand(a *app) *cobra.Command {
	var (
		o   sampledata.Options
		out string
	)
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "Write example exports, small ones or one of any size",
		Long: fmt.Sprintf(`Without --rows it writes small synthetic exports, and the configuration that reads them, into a folder. They hold one
record of every kind, good and bad, and their dates lie in the last days. With --rows it writes one export of that many
records. Nobody in them exists.

Kinds: %s.`, strings.Join(sampledata.Kinds(), ", ")),
		Example: `  capibara sample                     # into sample-data/
  capibara sample --rows 100000 --kind pos --out pos-large.jsonl
  capibara sample --rows 1000 --out - | capibara import - --source salesforce`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Now = a.now()
			if cmd.Flags().Changed("rows") {
				return a.sampleRows(o, out)
			}
			if cmd.Flags().Changed("kind") || cmd.Flags().Changed("seed") || out == "-" {
				return misused("add --rows, as in `capibara sample --rows 1000 --kind pos`", "--kind, --seed and --out - are for an export with --rows")
			}
			return a.sampleFolder(cmp.Or(out, "sample-data"))
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Rows, "rows", 0, "write one export of that many records")
	flags.StringVar(&o.Kind, "kind", sampledata.KindSalesforce, "kind of export")
	flags.Uint64Var(&o.Seed, "seed", 1, "another seed gives other records")
	flags.StringVar(&out, "out", "", "folder, or with --rows a new file or - for standard output")
	return cmd
}

// sampleFolder writes the small exports.
func (a *app) sampleFolder(folder string) error {
	files, err := sampledata.Files(a.now())
	if err != nil {
		return err
	}
	files = append(files, sampledata.File{Name: configName, Data: sampledata.Config()})
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return failed("", "making the folder of the samples: %w", err)
	}
	for _, f := range files {
		err := writeNew(filepath.Join(folder, f.Name), f.Data)
		switch {
		case errors.Is(err, os.ErrExist):
			return failed("name another folder with --out", "%s is there already and was left as it is", filepath.Join(folder, f.Name))
		case err != nil:
			return failed("", "writing a sample: %w", err)
		}
	}
	a.line("Wrote %s and the configuration that reads them into %s.", counted(len(files)-1, "export", "exports"), folder)
	a.line("\nTry them:\n  cd %s\n  capibara init\n  capibara import salesforce-deals.csv store-purchases.json bad-records-to-mend.csv", folder)
	return nil
}

// sampleRows writes one export.
func (a *app) sampleRows(o sampledata.Options, out string) error {
	if sampledata.FileName(o.Kind) == "" {
		return misused("the kinds are "+strings.Join(sampledata.Kinds(), ", "), "--kind %q is unknown", o.Kind)
	}
	if o.Rows < 1 {
		return misused("", "--rows %d: an export has at least one record", o.Rows)
	}
	if out == "-" {
		return generate(a.stdout, o)
	}
	path := cmp.Or(out, sampledata.FileName(o.Kind))
	// A source is found by a file's name: JSON lines under the name of a JSON document would be refused.
	if want := filepath.Ext(sampledata.FileName(o.Kind)); !strings.EqualFold(filepath.Ext(path), want) {
		return misused(fmt.Sprintf("as in --out %s%s", strings.TrimSuffix(path, filepath.Ext(path)), want),
			"--out %s: an export of kind %s is a file that ends in %s", path, o.Kind, want)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return failed("name another file with --out", "%s is there already and was left as it is", path)
	}
	if err != nil {
		return failed("", "writing the sample: %w", err)
	}
	if err := errors.Join(generate(f, o), f.Close()); err != nil {
		// Half an export would stand in the way of the next try.
		return errors.Join(err, os.Remove(path))
	}
	fmt.Fprintf(a.stderr, "Wrote %s to %s.\n", counted(o.Rows, "record", "records"), path)
	return nil
}

func generate(w io.Writer, o sampledata.Options) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if err := sampledata.Generate(b, o); err != nil {
		return fmt.Errorf("writing the sample: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing the sample: %w", err)
	}
	return nil
}
