package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/store"

	"github.com/spf13/cobra"
)

// allowance is what somebody let go.
type allowance struct {
	Kind   string `json:"kind"` // source, file or events
	Source string `json:"source"`
	File   uint64 `json:"file"`
	Events uint64 `json:"events"` // that may be sent now, and could not before
}

// allowReport is the answer of `capibara allow`.
type allowReport struct {
	Allowed []allowance `json:"allowed"`
	Events  uint64      `json:"events"`
}

func newAllowCommand(a *app) *cobra.Command {
	var (
		source, file string
		yes          bool
	)
	cmd := &cobra.Command{
		Use:   "allow",
		Short: "Let go what is halted",
		Long: `Lets events go that are halted: those of a source that looked like a wrong mapping, of a file that is worth more than its
limits say, or single events that are. "capibara status" lists what is halted and why. It shows what would be let go and
asks for a yes; a script passes --yes. Who allowed it, and when, is kept in the audit log.

Nothing is sent by it: the next upload does. "capibara withdraw" takes events back instead.`,
		Example: `  capibara allow --source deals
  capibara allow --file 12
  capibara allow --file deals.csv --yes --output json`,
		Args: arguments(0, 0, "no arguments: --source or --file says what"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (source == "") == (file == "") {
				return misused("for instance `capibara allow --source deals`; `capibara status` lists what is halted", "say what to let go: --source or --file")
			}
			if a.output != asTable && !yes {
				return misused("add --yes", "--output %s leaves no room for a question", a.output)
			}
			return a.allow(cmd.Context(), source, file, yes)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&source, "source", "", "the source that is halted")
	flags.StringVar(&file, "file", "", "the file that is halted, or has events that are: its number or its name")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}

func (a *app) allow(ctx context.Context, source, file string, yes bool) error {
	return a.visit(ctx, "allow", toAct, func(_ *config, h house) error {
		s, err := h.Status(ctx)
		if err != nil {
			return err
		}
		halts, err := namedHalts(s.Halts, source, file)
		if err != nil {
			return err
		}
		if a.output == asTable {
			for _, halt := range halts {
				a.line("%s: %s", haltName(halt), printable(halt.Reason))
				a.line("  %s", counted(halt.Events, "event waits for it", "events wait for it"))
			}
		}
		if err := a.sure("Let them go?", yes); err != nil {
			return err
		}
		report := allowReport{Allowed: []allowance{}}
		for _, halt := range halts {
			n, err := h.Allow(ctx, haltKeyOf(halt), operator())
			if errors.Is(err, store.ErrNotFound) {
				continue // it went with the one before, or somebody else was faster
			}
			if err != nil {
				return err
			}
			report.Allowed = append(report.Allowed, allowance{Kind: halt.Kind, Source: halt.Source, File: halt.File, Events: n})
			report.Events += n
		}
		switch a.output {
		case asJSON:
			return writeJSON(a.stdout, report)
		case asJSONL:
			return writeJSONL(a.stdout, report.Allowed)
		}
		if report.Events == 0 {
			a.line("Allowed. No event may be sent by it that could not before.")
			return nil
		}
		a.line("Allowed: %s with the next upload, `capibara upload` or the schedule of `capibara run`.",
			counted(report.Events, "event goes", "events go"))
		return nil
	})
}

// namedHalts finds what is named among what is halted.
func namedHalts(halts []audit.HaltStatus, source, file string) ([]audit.HaltStatus, error) {
	const list = "`capibara status` lists what is halted"
	var found, files []audit.HaltStatus
	n, err := strconv.ParseUint(file, 10, 64)
	for _, h := range halts {
		switch {
		case source != "" && h.Source == source && h.Kind == "source":
			found = append(found, h)
		case source != "" && h.Source == source:
			files = append(files, h)
		case source == "" && h.Kind != "source" && (err == nil && h.File == n || err != nil && h.FileName == file):
			found = append(found, h)
		}
	}
	switch {
	case len(found) > 0:
	case len(files) > 0:
		return nil, failed("`"+files[0].Allow+"` lets it go", "source %s is not halted, but file %d of it is", source, files[0].File)
	case source != "":
		return nil, failed(list, "source %s is not halted", source)
	default:
		return nil, failed(list, "file %s is not halted", file)
	}
	if file != "" && found[0].File != found[len(found)-1].File {
		return nil, failed("name it by its number", "several files named %s are halted", file)
	}
	return found, nil
}

func haltName(h audit.HaltStatus) string {
	switch h.Kind {
	case "source":
		return "Source " + printable(h.Source)
	case "file":
		return fmt.Sprintf("File %d, %s", h.File, printable(h.FileName))
	}
	return fmt.Sprintf("Single events of file %d, %s", h.File, printable(h.FileName))
}

func haltKeyOf(h audit.HaltStatus) store.HaltKey {
	switch h.Kind {
	case "source":
		return store.HaltKey{Kind: store.HaltSource, Source: h.Source}
	case "file":
		return store.HaltKey{Kind: store.HaltFile, File: h.File}
	}
	return store.HaltKey{Kind: store.HaltEvents, File: h.File}
}

// Allow lets go what is halted.
func (l *local) Allow(ctx context.Context, k store.HaltKey, by string) (uint64, error) {
	n, err := l.db.Allow(ctx, k, by, l.now())
	if err == nil {
		l.testimony.keep(ctx)
		l.log.Info().Uint8("kind", uint8(k.Kind)).Str("source", k.Source).Uint64("file", k.File).Str("by", by).Uint64("events", n).
			Msg("what was halted may be sent")
	}
	return n, err
}

// Allow has the running process let go what is halted.
func (c *client) Allow(ctx context.Context, k store.HaltKey, by string) (n uint64, err error) {
	v := url.Values{"kind": {strconv.Itoa(int(k.Kind))}, "source": {k.Source}, "file": {strconv.FormatUint(k.File, 10)}, "by": {by}}
	resp, err := c.do(ctx, http.MethodPost, "/v1/allow", v, nil)
	if err != nil {
		return 0, err
	}
	defer closing(&err, resp.Body, "the answer of the running capibara")
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64))
	if err != nil {
		return 0, fmt.Errorf("reading the answer of the running capibara: %w", err)
	}
	if n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return 0, fmt.Errorf("reading the answer of the running capibara: %w", err)
	}
	return n, nil
}

func (s *server) allow(r *http.Request) (any, error) {
	q := r.URL.Query()
	kind, kerr := strconv.ParseUint(q.Get("kind"), 10, 8)
	file, ferr := strconv.ParseUint(q.Get("file"), 10, 64)
	if err := errors.Join(kerr, ferr); err != nil {
		return nil, misused("", "this names nothing that is halted: %w", err)
	}
	return s.house.Allow(r.Context(), store.HaltKey{Kind: store.HaltKind(kind), Source: q.Get("source"), File: file}, caller(r.Context(), q.Get("by")))
}
