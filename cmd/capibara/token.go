package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"capibara/uploader/capi"

	"github.com/rs/zerolog"
)

// keyKind is a kind of secret that a dataset may have, and the places where it is looked for.
type keyKind struct {
	what       string // as in "the access token of dataset main"
	variable   string // environment variable, before the alias
	credential string // name of a systemd credential, before the alias
	setting    string // key of the configuration that names a file
	clean      func(text, datasetID string) (string, error)
}

func tokenKind() keyKind {
	return keyKind{"access token", "CAPIBARA_TOKEN_", "capibara-token-", "access_token_file", cleanToken}
}

func appSecretKind() keyKind {
	return keyKind{"app secret", "CAPIBARA_APP_SECRET_", "capibara-app-secret-", "app_secret_file", cleanAppSecret}
}

// found is a secret with where it came from.
type found struct {
	text string // never printed
	from string // the variable, the credential or the file; "" when there is none
	// loose says in a sentence that others can get at the file; "" when it is well kept.
	loose string
}

// look finds a dataset's secret: in the environment, then among the credentials of systemd, then in the file. What is
// named first and holds something wrong is an error and not passed over: a person who set it means it. The errors name the
// place and never hold what is in it.
func (k keyKind) look(alias string, d datasetConfig, file string) (found, error) {
	if text := os.Getenv(k.variableOf(alias)); strings.TrimSpace(text) != "" {
		return k.cleaned(found{text: text, from: k.variableOf(alias)}, d)
	}
	if path := k.credentialOf(alias); path != "" {
		text, err := readKey(path)
		if err == nil {
			return k.cleaned(found{text: text, from: "the systemd credential " + filepath.Base(path)}, d)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return found{}, err
		}
	}
	if file == "" {
		return found{}, nil
	}
	loose, err := k.kept(file)
	if err != nil {
		return found{}, err
	}
	text, err := readKey(file)
	if err != nil {
		return found{}, err
	}
	return k.cleaned(found{text: text, from: file, loose: loose}, d)
}

// unused names the other places that hold a secret of a dataset beside the one it was found in: who changes it there wonders why
// nothing changes. Sentences without their full stop.
func (k keyKind) unused(alias, file string, f found) []string {
	var all []string
	for _, place := range []struct{ path, name string }{{k.credentialOf(alias), "the systemd credential " + k.credential + alias}, {file, file}} {
		if place.path == "" || place.name == f.from {
			continue
		}
		if text, err := readKey(place.path); err == nil && strings.TrimSpace(text) != "" {
			all = append(all, fmt.Sprintf("%s holds an %s too, which is not used, because %s comes first", place.name, k.what, f.from))
		}
	}
	return all
}

func (k keyKind) cleaned(f found, d datasetConfig) (found, error) {
	text, err := k.clean(f.text, string(d.ID))
	if err != nil {
		return found{}, fmt.Errorf("%s %w", f.from, err)
	}
	f.text = text
	return f, nil
}

// variableOf is the environment variable that holds the secret of a dataset.
func (k keyKind) variableOf(alias string) string {
	return k.variable + strings.ToUpper(strings.ReplaceAll(alias, "-", "_"))
}

// credentialOf is where systemd puts the credential of a dataset, "" outside a unit that has any.
func (k keyKind) credentialOf(alias string) string {
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, k.credential+alias)
}

// tokenVariable is the environment variable that holds the access token of a dataset.
func tokenVariable(alias string) string { return tokenKind().variableOf(alias) }

// lookToken finds the access token of a dataset.
func lookToken(alias string, d datasetConfig) (found, error) {
	k := tokenKind()
	f, err := k.look(alias, d, d.AccessTokenFile)
	hint := "set " + k.variableOf(alias) + ", or name a file with access_token_file"
	if d.AccessTokenFile != "" {
		hint = fmt.Sprintf("put the access token of dataset %s into %s with `capibara token set %s`, or set %s", alias,
			d.AccessTokenFile, alias, k.variableOf(alias))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found{}, unauthorized(hint, "dataset %s has no access token: there is no file %s; `capibara token set %s` makes it", alias, d.AccessTokenFile, alias)
	case err != nil:
		return found{}, unauthorized(hint, "the access token of dataset %s cannot be read: %w", alias, err)
	case f.from == "":
		return found{}, unauthorized(hint, "dataset %s has no access token", alias)
	}
	return f, nil
}

// lookAppSecret finds the app secret of a dataset; most have none.
func lookAppSecret(alias string, d datasetConfig) (found, error) {
	k := appSecretKind()
	f, err := k.look(alias, d, d.AppSecretFile)
	if err != nil {
		return found{}, unauthorized(fmt.Sprintf("put the secret of the app (App Dashboard > App settings > Basic) into %s as its only line, or take app_secret_file away",
			cmp.Or(d.AppSecretFile, k.variableOf(alias))), "reading the app secret of dataset %s: %w", alias, err)
	}
	return f, nil
}

// tokenSource returns a function that reads a dataset's access token anew each time, so that a replaced token works
// without a restart. It warns once of files that others can get at.
func tokenSource(alias string, d datasetConfig, log zerolog.Logger) func() (capi.Token, error) {
	var warn sync.Once
	return func() (capi.Token, error) {
		f, err := lookToken(alias, d)
		if err != nil {
			return "", err
		}
		secret, err := lookAppSecret(alias, d)
		if err != nil {
			return "", err
		}
		warn.Do(func() {
			for _, loose := range []string{f.loose, secret.loose} {
				if loose != "" {
					log.Warn().Str("dataset", alias).Msg(loose)
				}
			}
		})
		return capi.Token(f.text), nil
	}
}

// appSecret returns the app secret of the dataset with an id, "" when it has none.
func (c *config) appSecret(id string) (capi.Secret, error) {
	for alias, d := range c.Datasets {
		if string(d.ID) == id {
			f, err := lookAppSecret(alias, d)
			return capi.Secret(f.text), err
		}
	}
	return "", nil
}
