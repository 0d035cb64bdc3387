package main

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
)

var (
	tokenForm    = regexp.MustCompile(`^[0-9A-Za-z|_.~+/=:-]+$`)
	secretForm   = regexp.MustCompile(`^[0-9A-Za-z]+$`)
	numberForm   = regexp.MustCompile(`^[0-9]+$`)
	accountForm  = regexp.MustCompile(`(?i)^act_?[0-9]+$`)
	appKeyForm   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	headerForm   = regexp.MustCompile(`(?i)^(authorization\s*:\s*)?bearer\s+`)
	settingForm  = regexp.MustCompile(`(?i)^((access_?)?token|capibara_token_\w*)\s*[=:]`)
	metaTokenTop = "EAA" // what nearly every access token begins with
)

// quotes are what people and programs put around a word, by pairs.
const quotes = "\"\"''``“”„“‘’«»"

// bare takes off what surrounds a token or a secret: spaces, line breaks, marks that no eye sees, and quotes.
func bare(text string) string {
	for {
		before := text
		text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
		pairs := []rune(quotes)
		for i := 0; i < len(pairs); i += 2 {
			if inner, ok := strings.CutPrefix(text, string(pairs[i])); ok {
				if inner, ok = strings.CutSuffix(inner, string(pairs[i+1])); ok {
					text = inner
				}
			}
		}
		if text == before {
			return text
		}
	}
}

// cleanToken takes off what surrounds an access token, a "Bearer" before it too, and refuses what cannot be one. Its
// errors go on after the name of the place, and hold nothing of the text.
func cleanToken(text, datasetID string) (string, error) {
	text = bare(text)
	text = bare(headerForm.ReplaceAllString(text, ""))
	switch lower := strings.ToLower(text); {
	case text == "" || lower == "bearer":
		return "", errors.New("is empty")
	case strings.ContainsAny(text, "\r\n"):
		return "", errors.New("holds several lines, and an access token is one: leave nothing but the token in it")
	case settingForm.MatchString(text):
		return "", errors.New("holds a name before the access token: leave nothing but the token in it")
	case strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://"):
		return "", errors.New("holds the address of a page, not an access token")
	case strings.ContainsFunc(text, unicode.IsSpace):
		return "", errors.New("holds a space inside, and no access token has one: copy the token again, as a whole")
	case accountForm.MatchString(text):
		return "", errors.New("holds the id of an ad account, not an access token")
	case text == datasetID:
		return "", errors.New("holds the id of the dataset, not an access token")
	case numberForm.MatchString(text):
		return "", errors.New("holds a number, such as the id of a dataset, a page or an app, and not an access token")
	case appKeyForm.MatchString(text):
		return "", errors.New("holds what looks like an app secret, not an access token")
	case strings.HasSuffix(text, "...") || strings.HasSuffix(text, "…"):
		return "", errors.New("holds an access token that was cut off: it ends in dots; copy it again, as a whole")
	case !tokenForm.MatchString(text):
		return "", errors.New("holds characters that no access token has, such as quotes or brackets: leave nothing but the token in it")
	}
	return text, nil
}

// cleanAppSecret is cleanToken for an app secret.
func cleanAppSecret(text, _ string) (string, error) {
	text = bare(text)
	switch {
	case text == "":
		return "", errors.New("is empty")
	case strings.ContainsAny(text, "\r\n"):
		return "", errors.New("holds several lines, and an app secret is one: leave nothing but the secret in it")
	case strings.HasPrefix(text, metaTokenTop):
		return "", errors.New("holds an access token, not the secret of an app")
	case numberForm.MatchString(text):
		return "", errors.New("holds a number, such as the id of the app, and not its secret")
	case !secretForm.MatchString(text):
		return "", errors.New("holds characters that no app secret has: it is letters and digits alone")
	}
	return text, nil
}
