package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// previewed is what a preview tells, in the shape that --output json prints.
type previewed struct {
	Name     string                `json:"name"`
	Source   string                `json:"source"` // "" when the file fits none
	Preset   string                `json:"preset,omitempty"`
	Assumed  []string              `json:"assumed"` // for this look alone, because nothing says it
	Refused  string                `json:"refused,omitempty"`
	Counts   store.FileCounts      `json:"counts"`
	Events   uint64                `json:"events"`
	Sums     []currencySum         `json:"sums"`
	Reasons  []reasonCount         `json:"reasons"`
	Warnings []reasonCount         `json:"warnings"`
	Concerns []importer.Concern    `json:"concerns"`
	Stages   []importer.StageCount `json:"uncovered_stages"`
	Columns  *importer.Matching    `json:"columns,omitempty"`
	Carries  []carried             `json:"identifiers"`
	Quality  quality               `json:"match_quality"`
	Samples  []json.RawMessage     `json:"samples"`

	how    string
	hidden bool // some stages are not told
}

// carried says how many events carry an identifier.
type carried struct {
	Member  string `json:"member"`
	Events  uint64 `json:"events"`
	Percent uint64 `json:"percent"`
}

// quality is the estimate of identifier coverage.
type quality struct {
	Estimate bool       `json:"estimate"` // always true: Meta's own figure is Meta's
	Score    int        `json:"score"`
	Band     event.Band `json:"band"`
	About    string     `json:"about"`
}

const aboutQuality = "an estimate from which identifiers the events carry, not Meta's own figure"

func newPreview(v importer.Preview, r reader) previewed {
	f := newFileReport(v.Report)
	p := previewed{Name: filepath.Base(r.path), Source: r.source, Preset: r.preset, Assumed: append([]string{}, r.assumed...), Refused: v.Refusal,
		Counts: f.Counts, Events: f.Events, Sums: f.Sums, Reasons: f.Reasons, Warnings: f.Warnings, Concerns: append([]importer.Concern{}, v.Concerns...),
		Stages: append([]importer.StageCount{}, v.Stages...), Columns: v.Matching, Carries: []carried{}, Samples: []json.RawMessage{}, how: r.sentence, hidden: v.Crowded}
	for _, s := range v.Samples {
		p.Samples = append(p.Samples, json.RawMessage(s))
	}
	all := v.Coverage.Events()
	for _, k := range event.Keys() {
		if n := v.Coverage.With(k); n > 0 {
			p.Carries = append(p.Carries, carried{importer.PlainName(k), n, (n*100 + all/2) / all})
		}
	}
	p.Quality = quality{Estimate: true, About: aboutQuality}
	p.Quality.Score, p.Quality.Band = v.Coverage.Estimate()
	return p
}

// printPreview says what an import would do, for people.
func (a *app) printPreview(p previewed) {
	a.line("%s  (%s; only a look, nothing is stored or sent)", printable(p.Name), printable(p.how))
	for i, s := range p.Assumed {
		if i == 0 {
			a.line("  Assumed for this look alone, because nothing says it:")
		}
		a.line("    %s", printable(s))
	}
	if p.Refused == "" || p.Counts.Records > 0 {
		a.printCounts(p.Counts)
	}
	for _, s := range p.Sums {
		worth := ""
		if s.Sum != "" {
			worth = " worth " + s.Sum + " " + printable(s.Currency)
		}
		a.line("  %s: %s%s", printable(s.EventName), counted(s.Events, "event", "events"), worth)
	}
	for _, group := range []struct{ fate, title string }{{"skipped", "Would be skipped, nothing to mend"}, {"rejected", "Would be rejected, please mend"}} {
		a.printReasons(group.title, group.fate, p.Reasons)
	}
	a.printReasons("Would be accepted with a remark", "", p.Warnings)
	a.printStages(p)
	for i, c := range p.Concerns {
		if i == 0 {
			a.line("  Please look at this:")
		}
		a.line("    %s", printable(c.Sentence))
		if c.Fix != "" {
			a.line("      %s", c.Fix)
		}
	}
	a.printCarried(p)
	a.printMatching(p.Columns)
	for i, s := range p.Samples {
		if i == 0 {
			a.line("  As it would be sent, personal data hashed (%s):", counted(len(p.Samples), "event", "events"))
		}
		a.line("    %s", s)
	}
}

// printStages lists the values that no rule covers.
func (a *app) printStages(p previewed) {
	for i, s := range p.Stages {
		if i == 0 {
			a.line("  Stages that no rule covers, so that their records yield nothing:")
		}
		value := fmt.Sprintf("%q", s.Value)
		if s.Value == "" {
			value = "(blank)"
		}
		a.line("    %s x %s in column %q", grouped(s.Records), printable(value), printable(s.Column))
	}
	if p.hidden {
		a.line("  Values of the stage column that no rule covers are not all shown: they are too many, or do not look like stages.")
	}
}

// printCarried says how many events tell who the person is.
func (a *app) printCarried(p previewed) {
	if len(p.Carries) == 0 {
		return
	}
	a.line("  Who the people are, as far as the events say:")
	for _, c := range p.Carries {
		a.line("    %-14s %3d %% of the events", c.Member, c.Percent)
	}
	a.line("    Estimated match quality: %s, %d of 10 (%s)", p.Quality.Band, p.Quality.Score, aboutQuality)
}
