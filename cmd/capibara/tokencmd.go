package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"capibara/uploader/capi"

	"github.com/spf13/cobra"
)

func newTokenCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Put an access token in place",
		Long: `An access token is looked for in three places, and the first that holds one counts:

  1. the environment variable CAPIBARA_TOKEN_<NAME>, with the dataset's name in upper case (and _ for -)
  2. the systemd credential capibara-token-<name>, as in LoadCredential=capibara-token-main:/etc/capibara/token
  3. the file that access_token_file names in the configuration, which ` + "`capibara token set`" + ` writes

It is read again for every upload, so that a new one needs no restart. Where an app demands a proof with every call,
its secret is looked for in the same way: CAPIBARA_APP_SECRET_<NAME>, capibara-app-secret-<name>, app_secret_file.`,
		Example: "  capibara token set main",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return misused("`capibara token set` takes one, and `capibara token page` is about those of the page", "`capibara token` has no such command; what was typed is not repeated, in case it is a token")
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "set [DATASET]",
		Short: "Write the access token of a dataset into its file, readable for you alone",
		Long: `Asks for the access token without showing it, or reads it from standard input, and writes it into the file that
access_token_file names, readable for you alone. What cannot be a token is refused, and the old one stays. A running
capibara takes the new one for its next upload.

The token is never an argument: it would stay in the shell's history, and everybody on the machine could see it in the
list of processes.`,
		Example: `  capibara token set
  capibara token set main < token-from-the-vault.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.setToken(cmd.Context(), args) },
	})
	cmd.AddCommand(newTokenPageCommand(a))
	return cmd
}

func (a *app) setToken(ctx context.Context, args []string) error {
	if len(args) > 1 || len(args) == 1 && !aliasForm.MatchString(args[0]) {
		return misused("run `capibara token set DATASET` and paste the token when it asks; if this was a real one make another at Meta, since the shell keeps it in its history",
			"an access token must not be an argument: it stays in the shell's history, and others can see it in the list of processes; nothing was changed")
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	alias, err := c.tokenFor(args)
	if err != nil {
		return err
	}
	d := c.Datasets[alias]
	if d.AccessTokenFile == "" {
		return failed("write `access_token_file: token.txt` beside its id", "dataset %s has no file for its access token: %s names none under datasets.%s", alias, c.path, alias)
	}
	text, err := a.askToken(ctx, alias)
	if err != nil {
		return err
	}
	text, err = cleanToken(text, string(d.ID))
	if err != nil {
		return failed("Events Manager > Settings > Conversions API > Generate access token makes one; copy it with its button",
			"nothing was changed, because what was given %w", err)
	}
	path, err := writeKey(d.AccessTokenFile, text)
	if err != nil {
		return failed("a secret that Kubernetes or another program puts there is changed where it comes from", "writing the access token of dataset %s: %w", alias, err)
	}
	a.line("The access token of dataset %s (%s) is in %s, readable for you alone.", alias, capi.Token(text), path)
	if err := a.keepTokenSet(ctx, c, alias); err != nil {
		a.note("that the token was set is not in the audit log: %v", err)
	}
	if in, err := lookToken(alias, d); err == nil && in.from != d.AccessTokenFile {
		a.line("It is not in force: %s comes first and holds one too. Take that away, or change it there.", in.from)
	}
	a.line("Now run `capibara check`, which asks Meta whether it works. A running capibara takes it for its next upload.")
	return nil
}

// keepTokenSet keeps in the audit log that a token was put in place: who did, and when, and nothing of the token. A home
// without a database has no such log.
func (a *app) keepTokenSet(ctx context.Context, c *config, alias string) (err error) {
	if _, err := os.Lstat(c.database()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	h, err := a.open(ctx, c, "token", toAct)
	if err != nil {
		return err
	}
	defer closing(&err, h, "the database")
	return h.TokenSet(ctx, alias, operator())
}

// TokenSet keeps that an access token was put in place.
func (l *local) TokenSet(ctx context.Context, dataset, by string) error {
	return l.db.Note(ctx, "token_set", fmt.Sprintf("by %s: the access token of dataset %s was put in place", by, dataset), l.now())
}

// TokenSet has the running process keep that an access token was put in place.
func (c *client) TokenSet(ctx context.Context, dataset, by string) error {
	resp, err := c.do(ctx, http.MethodPost, "/v1/token-set", url.Values{"dataset": {dataset}, "by": {by}}, nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// tokenFor is the dataset that is meant, the only one when none is named.
func (c *config) tokenFor(args []string) (string, error) {
	known := c.aliases()
	switch {
	case len(known) == 0:
		return "", c.noDatasets()
	case len(args) == 0 && len(known) == 1:
		return known[0], nil
	case len(args) == 0:
		return "", misused("for instance `capibara token set "+known[0]+"`", "say for which dataset: the configuration has %s", strings.Join(known, ", "))
	}
	if _, ok := c.Datasets[args[0]]; !ok {
		return "", misused("the configuration has "+strings.Join(known, ", "), "no dataset is named %q; nothing was changed", args[0])
	}
	return args[0], nil
}

// askToken reads a token from the terminal without showing it, else all of standard input.
func (a *app) askToken(ctx context.Context, alias string) (string, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !terminalFile(f) {
		text, err := decodeKey(contextReader{ctx, a.stdin})
		if err != nil {
			return "", failed("`capibara token set "+alias+" < FILE` takes it from a file", "reading the access token from standard input: %w", err)
		}
		return text, nil
	}
	fmt.Fprintf(a.stderr, "Paste the access token of dataset %s and press Enter. It is not shown: ", alias)
	defer fmt.Fprintln(a.stderr)
	text, err := hidden(ctx, f)
	if err != nil {
		return "", failed("nothing was changed; it can be passed on standard input instead", "no access token was given: %w", err)
	}
	return text, nil
}

// writeKey replaces a file with a secret as a whole, readable for its owner alone. It returns the file that was written:
// behind a link that is where the link leads to, so that the link stays.
func writeKey(path, text string) (written string, err error) {
	if mountedSecret(path) {
		return "", fmt.Errorf("%s is mounted by Kubernetes", path)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no ordinary file", path)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(folder, ".capibara-token-*") // 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return path, syncFolder(folder)
}

// syncFolder makes a renaming last. Systems that cannot open a folder keep it by themselves.
func syncFolder(folder string) (err error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer closing(&err, f, folder)
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("keeping the change in %s: %w", folder, err)
	}
	return nil
}
