package capi

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds a text of Meta's, in characters: an HTML page must not become a log line.
const maxText = 500

var (
	anyToken   = regexp.MustCompile(`EAA[0-9A-Za-z]{16,}`)
	tokenField = regexp.MustCompile(`(?i)(access_token["']?\s*[=:]\s*["']?|bearer\s+)[^\s"'&,}]+`)
	urlQuery   = regexp.MustCompile(`(https?://[^\s"'?]*)\?[^\s"']*`)
	anyHash    = regexp.MustCompile(`\b[0-9a-fA-F]{64}\b`)
	anyEmail   = regexp.MustCompile(`[^\s"'<>@:=]+@[^\s"'<>@]+\.[\pL]{2,}`)
)

// scrub makes a text that came from outside fit for a log: no token, no query of a URL, no e-mail address and no hash
// (Meta quotes the values it dislikes), one line, no control characters, at most limit characters.
func scrub(text string, token Token, limit int) string {
	text = strings.ToValidUTF8(text, "�")
	// A shorter one is no token; replacing it would shred the text.
	if secret := token.Reveal(); len(secret) >= 4 {
		text = strings.ReplaceAll(text, secret, "[token]")
		text = strings.ReplaceAll(text, url.QueryEscape(secret), "[token]")
	}
	text = anyToken.ReplaceAllString(text, "[token]")
	text = tokenField.ReplaceAllString(text, "$1[token]")
	text = urlQuery.ReplaceAllString(text, "$1")
	text = anyHash.ReplaceAllString(text, "[hash]")
	text = anyEmail.ReplaceAllString(text, "[e-mail]")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	return clip(strings.Join(strings.Fields(text), " "), limit)
}

func clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)
	return string(runes[:limit-1]) + "…"
}

// plainID keeps what an identifier such as fbtrace_id is made of.
func plainID(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-+/=", r)) {
			b.WriteRune(r)
		}
		if b.Len() == 64 {
			break
		}
	}
	return b.String()
}
