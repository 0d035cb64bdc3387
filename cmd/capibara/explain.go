package main

import (
	"fmt"
	"strings"

	"capibara/audit"

	"github.com/spf13/cobra"
)

func newExplainCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [CODE…]",
		Short: "Say what a code, a reason or a state means, and what to do",
		Long: `Explains what Meta's answers and this program's own words mean: what happened, what this program does about it, and
what a person does. It takes a code of Meta's as it is printed anywhere, alone or with its subcode; the class of a
trouble; the reason of a record or an event; and the state of an event or a batch. Without a word it lists all it knows.`,
		Example: `  capibara explain 2804003
  capibara explain 100/2804003
  capibara explain -- -1
  capibara explain too_old
  capibara explain held --output json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.printExplanations(audit.Explanations())
			}
			return a.explain(strings.Join(args, " "))
		},
	}
	addOutput(a, cmd)
	return cmd
}

func (a *app) explain(asked string) error {
	found := audit.Explain(asked)
	var names []string
	for _, e := range audit.Explanations() {
		names = append(names, e.Name)
	}
	if len(found) == 0 {
		hint := "`capibara explain` lists all that there is"
		if near := nearest(strings.ReplaceAll(strings.ToLower(asked), " ", "_"), names); near != "" {
			hint = fmt.Sprintf("did you mean `capibara explain %s`? %s", near, hint)
		}
		return misused(hint, "%q is no code, class, reason or state", asked)
	}
	for i := range found {
		if !found[i].Known {
			found[i].Nearest = nearest(found[i].Name, names)
		}
	}
	if a.output != asTable {
		return a.printExplanations(found)
	}
	for i, e := range found {
		if i > 0 {
			a.line("")
		}
		a.printExplanation(e)
	}
	return nil
}

func (a *app) printExplanation(e audit.Explanation) {
	class := ""
	if e.Class != "" {
		class = " (" + e.Class + ")"
	}
	a.line("%s%s", titleOf(e), class)
	a.facts([][2]string{{"means", e.Cause}, {"older reading", e.Older}, {"capibara", e.Program}, {"what to do", e.Person}})
	if e.Nearest != "" {
		a.line("  The known code that looks most like it is %s: `capibara explain %s`.", e.Nearest, e.Nearest)
	}
}

// titleOf names what is explained.
func titleOf(e audit.Explanation) string {
	switch e.Kind {
	case "meta_code":
		name := "Meta's code " + strings.Replace(e.Name, "/", ", subcode ", 1)
		if e.Type != "" {
			name += " of type " + e.Type
		}
		return name
	case "http_status":
		return fmt.Sprintf("HTTP status %d", e.Code)
	case "class":
		return "Class " + e.Name
	case "reason":
		return "Reason " + e.Name
	case "event_state":
		return "Event " + e.Name
	case "batch_state":
		return "Batch " + e.Name
	case "fate":
		return "Record " + e.Name
	}
	return "Attempt " + e.Name
}

// printExplanations writes a list of explanations.
func (a *app) printExplanations(all []audit.Explanation) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, audit.List[audit.Explanation]{Items: all})
	case asJSONL:
		return writeJSONL(a.stdout, all)
	}
	return writeList(a, []audit.Column[audit.Explanation]{
		{Name: "name", Value: func(e audit.Explanation) string {
			if e.Type != "" {
				return e.Name + " (" + e.Type + ")"
			}
			return e.Name
		}},
		{Name: "kind", Value: func(e audit.Explanation) string { return strings.ReplaceAll(e.Kind, "_", " ") }, Exact: func(e audit.Explanation) string { return e.Kind }},
		{Name: "class", Value: func(e audit.Explanation) string { return e.Class }},
		{Name: "means", Value: func(e audit.Explanation) string { return e.Cause }},
		{Name: "older_reading", Hide: true, Value: func(e audit.Explanation) string { return e.Older }},
		{Name: "capibara", Hide: true, Value: func(e audit.Explanation) string { return e.Program }},
		{Name: "what_to_do", Hide: true, Value: func(e audit.Explanation) string { return e.Person }},
	}, all)
}
