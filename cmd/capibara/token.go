package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"capibara/uploader/capi"

	"github.com/rs/zerolog"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxToken bounds a token file; a larger one is no token.
const maxToken = 64 << 10

// tokenSource returns a function that reads a dataset's access token anew each time, so that a replaced token works
// without a restart. The environment comes before the file. Its errors name the file and never hold what is in it.
func tokenSource(alias string, d datasetConfig, log zerolog.Logger) func() (capi.Token, error) {
	var warn sync.Once
	return func() (capi.Token, error) {
		variable := tokenVariable(alias)
		if t := strings.TrimSpace(os.Getenv(variable)); t != "" {
			return capi.Token(t), nil
		}
		if d.AccessTokenFile == "" {
			return "", unauthorized("set "+variable+", or name a file with access_token_file", "dataset %s has no access token", alias)
		}
		t, err := readToken(d.AccessTokenFile)
		if err != nil {
			return "", unauthorized(fmt.Sprintf("put the access token of dataset %s into %s as its only line, or set %s", alias,
				d.AccessTokenFile, variable), "reading the access token of dataset %s: %w", alias, err)
		}
		if open, err := readableByOthers(d.AccessTokenFile); err == nil && open {
			warn.Do(func() {
				log.Warn().Str("file", d.AccessTokenFile).Msg("others on this machine can read the access token; chmod 600 takes care of it")
			})
		}
		return t, nil
	}
}

// tokenVariable is the environment variable that holds the access token of a dataset.
func tokenVariable(alias string) string {
	return "CAPIBARA_TOKEN_" + strings.ToUpper(strings.ReplaceAll(alias, "-", "_"))
}

// readToken reads a file that holds nothing but a token, as an editor on any system may have written it.
func readToken(path string) (t capi.Token, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer closing(&err, f, path)
	text, err := io.ReadAll(transform.NewReader(io.LimitReader(f, maxToken+1), unicode.BOMOverride(transform.Nop)))
	if err != nil {
		return "", err
	}
	t = capi.Token(strings.TrimSpace(string(text)))
	switch {
	case t == "":
		return "", fmt.Errorf("%s is empty", path)
	case len(text) > maxToken:
		return "", fmt.Errorf("%s is too large for an access token", path)
	}
	return t, nil
}

// readableByOthers reports whether users beyond the owner and its group may read a file. Windows has no such bits.
func readableByOthers(path string) (bool, error) {
	if runtime.GOOS == "windows" {
		return false, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	return info.Mode().Perm()&0o004 != 0, nil
}
