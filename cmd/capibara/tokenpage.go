package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"capibara/audit"
	"capibara/audit/web"

	"github.com/spf13/cobra"
)

func newTokenPageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "page",
		Short: "Make, list and revoke the tokens by which people sign in to the page",
		Long: `The page that ` + "`capibara run`" + ` serves on this machine needs no token: whoever can open it may look. As soon as there is
one, everybody signs in, and the page tells the audit log who looked for a person and who had something done. A reader
looks; an operator may upload now and allow what is halted. A page for other machines always needs tokens.

Only the SHA-256 of a token is kept, in page-tokens.json beside the database. A running capibara takes up what changes
there at once: who is signed in with a token that is revoked is not any more.`,
		Example: `  capibara token page add anna --role reader
  capibara token page list
  capibara token page revoke anna`,
		Args: cobra.ArbitraryArgs,
		RunE: unknownCommand,
	}
	role := ""
	add := &cobra.Command{
		Use:   "add NAME --role reader|operator",
		Short: "Make a token and show it, once",
		Long: `Makes a token for a person or a program and writes it to standard output, once: it is kept nowhere. Pass it on in a way
that you would pass on a password.`,
		Example: `  capibara token page add anna --role reader
  capibara token page add night-report --role reader > /root/night-report.token`,
		Args: arguments(1, 1, "one name, of the person or the program that it is for"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.addPageToken(cmd.Context(), args[0], web.Role(role))
		},
	}
	add.Flags().StringVar(&role, "role", "", "reader: look; operator: upload now and allow what is halted, too")
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens, without themselves",
		Example: "  capibara token page list",
		Args:    arguments(0, 0, "no arguments"),
		RunE:    func(*cobra.Command, []string) error { return a.listPageTokens() },
	}
	addOutput(a, list)
	cmd.AddCommand(add, list, &cobra.Command{
		Use:     "revoke NAME",
		Short:   "End a token, and whoever is signed in with it",
		Example: "  capibara token page revoke anna",
		Args:    arguments(1, 1, "the name of one token; `capibara token page list` has them"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.revokePageToken(cmd.Context(), args[0]) },
	})
	return cmd
}

func (a *app) addPageToken(ctx context.Context, name string, role web.Role) error {
	switch {
	case !aliasForm.MatchString(name):
		return misused("for instance `capibara token page add anna --role reader`",
			"the name of a token is made of small letters, digits, - and _, and begins with a letter; nothing was changed")
	case role != web.Reader && role != web.Operator:
		return misused("for instance `capibara token page add "+name+" --role reader`", "say what it may do: --role reader, or --role operator")
	}
	c, err := a.loadWithData()
	if err != nil {
		return err
	}
	token, first := newPageToken(), false
	sum := sha256.Sum256([]byte(token))
	err = changePageTokens(ctx, c, func(tokens []pageToken) ([]pageToken, error) {
		if slices.ContainsFunc(tokens, func(t pageToken) bool { return t.Name == name }) {
			return nil, failed("take another name, or revoke it first: `capibara token page revoke "+name+"`", "there is a token named %s already", name)
		}
		first = len(tokens) == 0
		return append(tokens, pageToken{Name: name, Role: role, SHA256: hex.EncodeToString(sum[:]),
			MadeAt: a.now().UTC().Truncate(time.Second), MadeBy: operator()}), nil
	})
	if err != nil {
		return err
	}
	a.keepPageToken(ctx, c, pageTokenAct{Name: name, Role: role})
	a.line("%s", token)
	fmt.Fprintf(a.stderr, "This is the token of %s, %s. It is shown this once and kept nowhere. A running capibara takes it up within seconds.\n", name, article(role))
	if first && c.Web.URL == "" {
		fmt.Fprintln(a.stderr, "It is the first one: from now on everybody signs in to the page, on this machine too.")
	}
	return nil
}

func (a *app) revokePageToken(ctx context.Context, name string) error {
	c, err := a.loadWithData()
	if err != nil {
		return err
	}
	var left []pageToken
	err = changePageTokens(ctx, c, func(tokens []pageToken) ([]pageToken, error) {
		left = slices.DeleteFunc(slices.Clone(tokens), func(t pageToken) bool { return t.Name == name })
		if len(left) == len(tokens) {
			// What was typed is not repeated: it may be the token itself.
			return nil, failed("`capibara token page list` lists them by name", "no token has this name; nothing was changed")
		}
		return left, nil
	})
	if err != nil {
		return err
	}
	a.keepPageToken(ctx, c, pageTokenAct{Name: name, Revoked: true})
	a.line("The token of %s is revoked, and whoever was signed in with it is not any more.", name)
	switch {
	case len(left) > 0:
	case c.Web.URL != "":
		a.line("It was the last one: nobody can sign in to the page until there is another.")
	default:
		a.line("It was the last one: whoever uses this machine may look at the page without one.")
	}
	return nil
}

func (a *app) listPageTokens() error {
	c, err := a.load()
	if err != nil {
		return err
	}
	tokens, err := readPageTokens(c)
	if err != nil {
		return err
	}
	shown := []pageToken{}
	for _, t := range tokens {
		t.MadeAt, t.SHA256 = t.MadeAt.In(c.zone), t.SHA256[:12]
		shown = append(shown, t)
	}
	switch {
	case a.output == asJSON:
		return writeJSON(a.stdout, shown)
	case a.output == asJSONL:
		return writeJSONL(a.stdout, shown)
	case a.output == asTable && len(shown) == 0:
		a.line("There are no tokens. `capibara token page add NAME --role reader` makes one.")
		return nil
	}
	return writeList(a, []audit.Column[pageToken]{
		{Name: "name", Value: func(t pageToken) string { return t.Name }},
		{Name: "role", Value: func(t pageToken) string { return string(t.Role) }},
		{Name: "made_at", Value: func(t pageToken) string { return audit.Moment(&t.MadeAt) }, Exact: func(t pageToken) string { return audit.Instant(&t.MadeAt) }},
		{Name: "made_by", Value: func(t pageToken) string { return t.MadeBy }},
	}, shown)
}

// loadWithData loads the configuration of a home that is furnished: tokens lie beside its database.
func (a *app) loadWithData() (*config, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.Folders.Data); errors.Is(err, fs.ErrNotExist) {
		return nil, c.missingError()
	}
	return c, nil
}

// article is a role as part of a sentence.
func article(r web.Role) string {
	if r == web.Operator {
		return "an operator"
	}
	return "a reader"
}

// pageTokenAct is that a token of the page was made or revoked.
type pageTokenAct struct {
	Name    string   `json:"name"`
	Role    web.Role `json:"role,omitempty"`
	Revoked bool     `json:"revoked,omitempty"`
	By      string   `json:"by"`
}

// keepPageToken keeps in the audit log that a token was made or revoked. The token holds whether that goes or not: the answer says so.
func (a *app) keepPageToken(ctx context.Context, c *config, act pageTokenAct) {
	act.By = operator()
	h, err := a.open(ctx, c, "token", toAct)
	if err == nil {
		err = h.PageToken(ctx, act)
		err = errors.Join(err, h.Close())
	}
	if err != nil {
		a.note("that is not in the audit log: %v", err)
	}
}

// PageToken keeps that a token of the page was made or revoked.
func (l *local) PageToken(ctx context.Context, act pageTokenAct) error {
	kind, what := "page_token_made", fmt.Sprintf("by %s: a token of the page for %s, %s", act.By, act.Name, article(act.Role))
	if act.Revoked {
		kind, what = "page_token_revoked", fmt.Sprintf("by %s: the token of the page of %s", act.By, act.Name)
	}
	return l.db.Note(ctx, kind, what, l.now())
}

// PageToken has the running process keep that a token of the page was made or revoked.
func (c *client) PageToken(ctx context.Context, act pageTokenAct) error {
	_, err := post[struct{}](ctx, c, "/v1/page-token", act)
	return err
}

// pageToken keeps what a command did to the tokens of the page.
func (s *server) pageToken(ctx context.Context, act pageTokenAct) (struct{}, error) {
	if !aliasForm.MatchString(act.Name) {
		return struct{}{}, failed("", "this is no token of the page")
	}
	act.By = caller(ctx, act.By)
	return struct{}{}, s.house.PageToken(ctx, act)
}
