package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader/capi"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newCheckCommand(a *app) *cobra.Command {
	var database bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask Meta whether token and dataset work; verify the database with --database",
		Long: `Asks Meta, for every dataset of the configuration, whether the access token works and reaches the dataset. The
question is a request without an event, which Meta refuses in a telling way; nothing is stored there. It also says where
the page is served, or whether it could be.

With --database it reads the whole database instead and verifies that it agrees with itself: checksums, indexes, sums
and the chain of the audit log. "capibara verify" does that too, says which entry was changed, and compares it with a
head that was kept elsewhere.`,
		Example: `  capibara check
  capibara check --database`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if database {
				return a.checkDatabase(cmd.Context())
			}
			return a.checkDatasets(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&database, "database", false, "verify the database instead")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}

// checked is what was found out about a dataset, in the shape that --output json prints.
type checked struct {
	Alias    string `json:"alias"`
	ID       string `json:"id"`
	OK       bool   `json:"ok"`      // token and dataset work
	Stopped  bool   `json:"stopped"` // sending is stopped until the next upload asks for itself
	Class    string `json:"class"`   // of Meta's answer; "" when all is well or Meta was not asked
	Code     int    `json:"code"`
	Subcode  int    `json:"subcode"`
	Sentence string `json:"sentence"`
	Fix      string `json:"fix,omitempty"` // what a person does, where something is wrong
	// Remarks are sentences about what works and should be looked after, such as a token that others can read.
	Remarks []string `json:"remarks,omitempty"`
}

func (a *app) checkDatasets(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	if len(c.Datasets) == 0 {
		return c.noDatasets()
	}
	client, err := c.client(a.now)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	stopped, ledger, page := a.stopped(ctx, c)
	var found []checked
	var worst error
	for _, alias := range c.aliases() {
		said, remarks, err := ask(ctx, c, client, alias)
		if ends := c.versionEnds(a.now()); ends != "" && a.output != asTable { // a table begins with it
			remarks = append(remarks, ends)
		}
		if ledger != nil && a.output != asTable {
			remarks = append(remarks, "nothing is sent: "+ledger.Sentence)
		}
		found = append(found, newChecked(c, alias, said, remarks, err, stopped[alias]))
		if err != nil && (worst == nil || worse(exitCode(worst), exitCode(err)) != exitCode(worst)) {
			worst = err
		}
	}
	if a.output == asTable && worst != nil && ledger != nil {
		a.line("Nothing is sent: %s.\nWhat to do: %s.\n", ledger.Sentence, ledger.Fix)
	}
	if err := a.printChecked(c, found); err != nil {
		return err
	}
	a.tellPage(ctx, c, page)
	if worst == nil && ledger != nil {
		return failed(ledger.Fix, "nothing is sent: %s", ledger.Sentence)
	}
	if worst != nil {
		return &failure{code: exitCode(worst), hint: hintOf(worst), err: errors.New("not every dataset can be sent to")}
	}
	return nil
}

func newChecked(c *config, alias, said string, remarks []string, err error, stopped bool) checked {
	found := checked{Alias: alias, ID: string(c.Datasets[alias].ID), OK: err == nil, Stopped: stopped, Sentence: said, Remarks: remarks}
	var answer *capi.Error
	if errors.As(err, &answer) {
		found.Class, found.Code, found.Subcode = answer.Class.String(), answer.Code, answer.Subcode
	}
	if err != nil {
		found.Sentence, found.Fix = err.Error(), hintOf(err)
	}
	return found
}

func (a *app) printChecked(c *config, found []checked) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, found)
	case asJSONL:
		return writeJSONL(a.stdout, found)
	}
	if ends := c.versionEnds(a.now()); ends != "" {
		a.line("%s", ends)
	}
	works := false
	for _, f := range found {
		works = works || f.OK
		a.line("%-12s  %s%s", f.Alias, map[bool]string{true: "", false: "FAILED: "}[f.OK], printable(f.Sentence))
		if f.Fix != "" {
			a.line("%-12s  what to do: %s", "", printable(f.Fix))
		}
		for _, r := range f.Remarks {
			a.line("%-12s  note: %s", "", printable(r))
		}
		if f.OK && f.Stopped {
			a.line("%-12s  is still stopped, until the next upload asks for itself: run `capibara upload`", f.Alias)
		}
	}
	if works {
		a.line("\nWhat works was asked with a request without an event. Meta refused it in the way it only does when the token may send to\nthe dataset; nothing was sent, and nothing is kept there.")
	}
	return nil
}

// tellPage says where the page is served, or whether it could be. That it cannot be stops no upload, and is no failure.
func (a *app) tellPage(ctx context.Context, c *config, served string) {
	var said string
	switch err := error(nil); {
	case served != "":
		said = "is served at " + served
	case c.Web.Address == "":
		said = "is off"
	default:
		if said, err = c.tryPage(ctx); err != nil {
			a.note("%v; %s", err, hintOf(err))
			return
		}
	}
	if a.output == asTable {
		a.line("%-12s  %s", "the page", said)
	}
}

// stopped tells which datasets are not sent to for now, why nothing of the whole ledger is, and where a running process serves the page.
// Token and dataset can be checked before there is a database and while another process has it: what it does not tell is left out.
func (a *app) stopped(ctx context.Context, c *config) (map[string]bool, *audit.LedgerStatus, string) {
	stopped := map[string]bool{}
	h, err := a.open(ctx, c, "check", toRead)
	if err != nil {
		return stopped, nil, ""
	}
	s, err := h.Status(ctx)
	if err = errors.Join(err, h.Close()); err != nil {
		return stopped, nil, ""
	}
	for _, d := range s.Datasets {
		stopped[d.Alias] = d.Circuit.State == store.CircuitOpen.String()
	}
	return stopped, s.Ledger, s.Page
}

// probe asks whether a dataset can be sent to, without sending an event.
func probe(ctx context.Context, c *config, client *capi.Client, alias string, log zerolog.Logger) (string, error) {
	said, remarks, err := ask(ctx, c, client, alias)
	for _, r := range remarks {
		log.Warn().Str("dataset", alias).Msg(r)
	}
	return said, err
}

// ask is probe with what should be looked after besides.
func ask(ctx context.Context, c *config, client *capi.Client, alias string) (said string, remarks []string, err error) {
	if err := c.usable(alias); err != nil {
		return "", nil, err
	}
	d := c.Datasets[alias]
	token, err := lookToken(alias, d)
	if err != nil {
		return "", nil, err
	}
	secret, err := lookAppSecret(alias, d)
	if err != nil {
		return "", nil, err
	}
	for _, loose := range []string{token.loose, secret.loose} {
		if loose != "" {
			remarks = append(remarks, loose)
		}
	}
	remarks = append(remarks, tokenKind().unused(alias, d.AccessTokenFile, token)...)
	p := client.Probe(ctx, string(d.ID), capi.Token(token.text))
	if w := p.Outcome.VersionWarning; w != "" {
		remarks = append(remarks, "Meta says about Graph "+c.Graph.Version+": "+w)
	}
	if !p.OK {
		return "", remarks, refusedProbe(alias, p.Outcome)
	}
	said = fmt.Sprintf("works: %s reaches dataset %s. The token is from %s", capi.Token(token.text), string(d.ID), token.from)
	if secret.from != "" {
		said += ", the app secret from " + secret.from
	}
	return said, remarks, nil
}

// refusedProbe says why a dataset cannot be sent to: in the words of our own catalogue where it knows the code.
func refusedProbe(alias string, o capi.Outcome) error {
	why, known := o.Err.Explain()
	hint, text := "", o.Err.Error()
	switch {
	case known && why.Class == capi.ClassInvalidEvent:
		// There is no event that could be mended: it is the request that Meta does not take.
		hint = "compare the dataset id and graph.version with Events Manager; if the app requires a proof with every call, set app_secret_file"
		text = "Meta refuses even a request without an event, and not in the way that shows that all is well: " + o.Err.Error()
	case known && o.Err.Code != 0:
		hint, text = why.Person, explainedAnswer(why, o.Err)
	}
	err := &answerError{text: text, answer: o.Err}
	switch o.Err.Class {
	case capi.ClassCredentials, capi.ClassPermission:
		return unauthorized(cmp.Or(hint, "generate a new access token for dataset "+alias+" in Events Manager"), "%w", err)
	case capi.ClassTransient, capi.ClassThrottle:
		return failed(cmp.Or(hint, "try again in a while; nothing was sent"), "%w", err)
	}
	return failed(hint, "%w", err)
}

// answerError is an answer of Meta's in other words than Meta's.
type answerError struct {
	text   string
	answer *capi.Error
}

// Error is a sentence.
func (e *answerError) Error() string { return e.text }

// Unwrap returns the answer.
func (e *answerError) Unwrap() error { return e.answer }

// maxMetaWords is how many characters of Meta's own words are shown. They come in the language of the token's owner.
const maxMetaWords = 80

// explainedAnswer is our sentence, then what Meta's support asks for, then Meta's own words in short.
func explainedAnswer(why capi.Entry, e *capi.Error) string {
	facts := []string{"code " + strconv.Itoa(e.Code)}
	if e.Subcode != 0 {
		facts = append(facts, "subcode "+strconv.Itoa(e.Subcode))
	}
	if e.FBTraceID != "" {
		facts = append(facts, "fbtrace_id "+e.FBTraceID)
	}
	if words := []rune(cmp.Or(e.Title, e.Message)); len(words) > maxMetaWords {
		facts = append(facts, "Meta says: "+string(words[:maxMetaWords])+"…")
	} else if len(words) > 0 {
		facts = append(facts, "Meta says: "+string(words))
	}
	return why.Meaning() + " (" + strings.Join(facts, ", ") + ")"
}

func (a *app) checkDatabase(ctx context.Context) error {
	err := a.visit(ctx, "check", toRead, func(c *config, h house) error {
		problems, err := h.CheckDatabase(ctx)
		if err != nil {
			return err
		}
		if err := a.printProblems(problems); err != nil {
			return err
		}
		if st, err := h.Status(ctx); err == nil && st.Ledger != nil && len(problems) == 0 {
			return failed(st.Ledger.Fix, "nothing is sent: %s", st.Ledger.Sentence)
		}
		if len(problems) > 0 {
			return failed("stop capibara, keep a copy of "+c.Folders.Data+", and report what is listed above",
				"the database does not agree with itself in %s", counted(len(problems), "place", "places"))
		}
		return nil
	})
	if errors.Is(err, store.ErrCorrupt) {
		return failed("stop capibara, keep a copy of the data folder as it is, and restore your last copy of it", "%w", err)
	}
	return err
}

func (a *app) printProblems(problems []string) error {
	switch a.output {
	case asJSON, asJSONL:
		found := map[string]any{"ok": len(problems) == 0, "problems": problems}
		if a.output == asJSONL {
			return writeJSONL(a.stdout, []any{found})
		}
		return writeJSON(a.stdout, found)
	}
	for _, p := range problems {
		a.line("%s", p)
	}
	if len(problems) == 0 {
		a.line("The database agrees with itself.")
	}
	return nil
}
