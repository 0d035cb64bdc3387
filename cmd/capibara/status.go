package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"capibara/audit"

	"github.com/spf13/cobra"
)

func newStatusCommand(a *app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how things stand",
		Long: `Says what waits, what was sent, what needs somebody, and when the next upload is. With --check the exit code is 1
when somebody has to do something, for a monitor: a dataset is stopped, not live or without id, the fate of events is
not known, events expired in the last 7 days, files wait in the inbox, or nothing uploads what waits. Events that Meta
refused are told and counted; they alone are no alarm.`,
		Example: `  capibara status
  capibara status --check --output json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.visit(cmd.Context(), "status", toRead, func(c *config, h house) error {
				s, err := standing(cmd.Context(), c, h)
				if err != nil {
					return err
				}
				if err := a.printStatus(s); err != nil {
					return err
				}
				if check && !s.OK {
					return failed("the first line of `capibara status` says what", "somebody has to do something")
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "exit with 1 when somebody has to do something")
	addOutput(a, cmd)
	return cmd
}

// standing tells how things stand. Whoever opens the database instead of asking a running process knows that none runs.
func standing(ctx context.Context, c *config, h house) (audit.Status, error) {
	if l, ok := h.(*local); ok {
		return l.reader().Unattended(len(c.Schedule.Upload) > 0).Status(ctx)
	}
	return h.Status(ctx)
}

func (a *app) printStatus(s audit.Status) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, s)
	case asJSONL:
		return writeJSONL(a.stdout, []audit.Status{s})
	case asCSV:
		return writeList(a, stateColumns(), states(s.Events))
	}
	a.line("%s\n", printable(s.Summary))
	if err := writeList(a, stateColumns(), states(s.Events)); err != nil {
		return err
	}
	a.line("")
	a.line("last upload  %s", cmp.Or(audit.Moment(s.LastUpload), "never"))
	if s.LastSummary != "" {
		a.line("             %s", printable(s.LastSummary))
	}
	a.line("next upload  %s", cmp.Or(audit.Moment(s.NextUpload), "`capibara run` is not running, or has no schedule"))
	a.line("sends to     %s", s.Bound.Sentence())
	if s.Page != "" {
		a.line("page         %s", s.Page)
	}
	if s.Relied > 0 {
		a.line("sent again   %s acknowledged after an attempt whose answer was lost, and may have reached Meta twice, under one event_id each",
			counted(s.Relied, "event was", "events were"))
	}
	if len(s.Datasets) > 0 {
		a.line("")
		if err := writeList(a, datasetColumns(), s.Datasets); err != nil {
			return err
		}
	}
	for _, w := range s.Waiting {
		a.line("\nin the inbox: %s", printable(w.Reason))
	}
	return nil
}

// stateCount is how many events are in a state.
type stateCount struct {
	state string
	n     uint64
}

func states(c audit.StateCounts) []stateCount {
	return []stateCount{{"pending", c.Pending}, {"in_flight", c.InFlight}, {"acknowledged", c.Acknowledged},
		{"rejected", c.Rejected}, {"expired", c.Expired}, {"held", c.Held}, {"withdrawn", c.Withdrawn}, {"erased", c.Erased}}
}

func stateColumns() []audit.Column[stateCount] {
	return []audit.Column[stateCount]{
		{Name: "state", Value: func(s stateCount) string { return s.state }},
		{Name: "events", Value: func(s stateCount) string { return fmt.Sprint(s.n) }, Right: true},
	}
}

func datasetColumns() []audit.Column[audit.DatasetStatus] {
	return []audit.Column[audit.DatasetStatus]{
		{Name: "dataset", Value: func(d audit.DatasetStatus) string { return d.Alias }},
		{Name: "id", Value: func(d audit.DatasetStatus) string { return cmp.Or(d.ID, "(none yet)") }},
		{Name: "live", Value: func(d audit.DatasetStatus) string { return map[bool]string{true: "yes", false: "no"}[d.Live] }},
		{Name: "pending", Value: func(d audit.DatasetStatus) string { return fmt.Sprint(d.Pending) }, Right: true},
		// The summary says why, since when, and when it is tried again.
		{Name: "circuit", Value: func(d audit.DatasetStatus) string { return d.Circuit.State }},
		{Name: "class", Rare: true, Value: func(d audit.DatasetStatus) string { return d.Circuit.Class }},
		{Name: "meta_code", Rare: true, Value: func(d audit.DatasetStatus) string { return codes(d.Circuit.Code, d.Circuit.Subcode) }},
		{Name: "since", Hide: true, Value: func(d audit.DatasetStatus) string { return audit.Moment(d.Circuit.Since) }},
		{Name: "until", Hide: true, Value: func(d audit.DatasetStatus) string { return audit.Moment(d.Circuit.Until) }},
	}
}

// codes is Meta's code with its subcode, as `capibara explain` takes them; "" when there is none.
func codes(code, subcode int) string {
	switch {
	case code == 0:
		return ""
	case subcode == 0:
		return strconv.Itoa(code)
	}
	return fmt.Sprintf("%d/%d", code, subcode)
}
