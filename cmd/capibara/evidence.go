package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"capibara/audit"

	"github.com/spf13/cobra"
)

func newEvidenceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "evidence",
		Short:   "Put what is known of an event into a file that others can check",
		Example: `  capibara evidence event cb-0123456789abcdef0123456789abcdef --out deal-4711.zip`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused("for instance `capibara evidence event EVENT_ID --out FILE.zip`", "say of what: event, and its id")
			}
			return unknownCommand(cmd, args)
		},
	}
	cmd.AddCommand(newEvidenceEventCommand(a))
	return cmd
}

func newEvidenceEventCommand(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "event EVENT_ID --out FILE.zip",
		Short: "Put what is known of an event into a zip file that sha256sum checks",
		Long: `Writes a zip file with what the event says, the data of every request that carried it, made again and compared with the
journal, every answer of Meta's, the file and line that it came from, the mapping in force, what was decided about it, and the
audit log from its import on. README.txt in it says how somebody checks it who has sha256sum and nothing else.

Identifiers of people are hashed in it, as they are sent; of the other events in those requests too. A file that is there is
not written over.`,
		Example: `  capibara evidence event cb-0123456789abcdef0123456789abcdef --out deal-4711.zip`,
		Args:    arguments(1, 1, "one event_id"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.evidence(cmd.Context(), args[0], out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "the zip file to write")
	return cmd
}

func (a *app) evidence(ctx context.Context, id, out string) error {
	if out == "" {
		return misused("add --out FILE.zip", "it is not said which file to write")
	}
	if _, err := os.Lstat(out); err == nil {
		return failed("name a file that is not there", "%s is there already; nothing was written", out)
	}
	return a.visit(ctx, "evidence", toRead, func(_ *config, h house) error {
		e, err := h.Evidence(ctx, id)
		if err != nil {
			return err
		}
		text, err := zipped(e)
		if err != nil {
			return fmt.Errorf("packing the evidence: %w", err)
		}
		if err := writeNewWith(out, text, 0o600); errors.Is(err, fs.ErrExist) {
			return failed("name a file that is not there", "%s is there already; nothing was written", out)
		} else if err != nil {
			return failed(hintOf(err), "writing %s: %w", out, err)
		}
		path, err := filepath.Abs(out)
		if err != nil {
			return err
		}
		a.line("%s holds %s. README.txt in it says how to check them.", path, counted(len(e.Files), "file", "files"))
		for _, u := range e.Unproven {
			a.line("  not shown: %s", printable(u))
		}
		return nil
	})
}

// zipped packs the files.
func zipped(e audit.Evidence) ([]byte, error) {
	var text bytes.Buffer
	z := zip.NewWriter(&text)
	for _, f := range e.Files {
		w, err := z.Create(f.Name)
		if err == nil {
			_, err = w.Write(f.Content)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// Evidence puts together what is known of the events with an event_id.
func (l *local) Evidence(ctx context.Context, id string) (audit.Evidence, error) {
	return l.reader().Evidence(ctx, id)
}

// Evidence has the running process put together what is known of the events with an event_id.
func (c *client) Evidence(ctx context.Context, id string) (audit.Evidence, error) {
	return get[audit.Evidence](ctx, c, "/v1/evidence/"+url.PathEscape(id), nil)
}
