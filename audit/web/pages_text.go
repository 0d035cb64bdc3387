package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"capibara/audit"
	"capibara/store"
)

// pageFuncs are what the templates write with. Every text that came from a file, from Meta or from a person goes through text,
// said, lines or json.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"static": assetPath, "text": audit.ShownText, "said": said, "lines": shownLines, "json": shownJSON,
		"grouped": audit.ShownNumber, "size": func(n int64) string { return audit.ShownNumber(uint64(max(n, 0))) }, "worth": audit.ShownWorth,
		"count": func(n int) uint64 { return uint64(max(n, 0)) }, "plural": plural, "left": timeLeft,
		"at": at, "exactly": exactly, "stamp": func(t time.Time) string { return t.Format(time.RFC3339) }, "day": dayName,
		"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") }, "eventState": eventState, "batchState": batchState, "fileState": fileState,
		"ends": attemptEnd, "reason": reasonSentence, "event": eventPath, "where": addressed, "explain": explainPath, "percent": percent,
		"entry": func(path, word, current string) navEntry { return navEntry{path, word, path == current} },
		"rows":  rows, "last": lastAttempt, "fates": fateCounts, "facts": attemptFacts, "answers": attemptAnswers, "code": metaCode, "tone": fateTone, "kind": explainedKind,
		"halt": haltWhat, "allow": allowPath, "quality": qualityTone, "sentence": asSentence, "mapping": shownMapping,
		"sum": func(v string) string { return strings.TrimPrefix(audit.ShownWorth([]store.Sum{{Value: v}}), " ") },
	}
}

// at is an instant in a list, exactly one in the life of an event: seconds and offset tell an auditor which of two came first.
func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

func exactly(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

func dayName(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("Mon 2 Jan")
}

// plural is "1 event" or "12 events".
func plural(n any, one, many string) string {
	var count uint64
	switch n := n.(type) {
	case int:
		count = uint64(max(n, 0))
	case uint64:
		count = n
	}
	if count == 1 {
		return "1 " + one
	}
	return audit.ShownNumber(count) + " " + many
}

// timeLeft is so many seconds in words, roughly.
func timeLeft(seconds int) string {
	if seconds < 90 {
		return "about " + plural(max(seconds, 1), "second", "seconds")
	}
	return "about " + plural((seconds+30)/60, "minute", "minutes")
}

func percent(part, of uint64) string {
	if of == 0 {
		return "0"
	}
	switch p := part * 100 / of; {
	case p == 0 && part > 0:
		return "1" // some are not none
	default:
		return fmt.Sprint(p)
	}
}

// said is a text of several sentences in which commands stand between backticks, as the sentences of a status have them. A command
// that shows what a page shows leads to that page.
func said(s string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(s, "`") {
		quoted := template.HTMLEscapeString(audit.ShownText(part))
		if i%2 == 1 {
			quoted = "<code>" + quoted + "</code>"
			if to := pageOf(part); to != "" {
				quoted = `<a href="` + template.HTMLEscapeString(to) + `">` + quoted + "</a>"
			}
		}
		out.WriteString(quoted)
	}
	return template.HTML(out.String())
}

var (
	historyCommand = regexp.MustCompile(`^capibara history (events|batches|files)((?: --[a-z-]+ [^ -][^ ]*)*)$`)
	explainCommand = regexp.MustCompile(`^capibara explain ([^ -][^ ]*)$`)
)

// pageOf is the page that shows what a command shows; "" when there is none.
func pageOf(command string) string {
	if found := explainCommand.FindStringSubmatch(command); found != nil {
		return explainPath(found[1])
	}
	found := historyCommand.FindStringSubmatch(command)
	if found == nil {
		return ""
	}
	v, words := url.Values{}, strings.Fields(found[2])
	for i := 0; i+1 < len(words); i += 2 {
		v.Set(strings.ReplaceAll(strings.TrimPrefix(words[i], "--"), "-", "_"), words[i+1])
	}
	return pathWith("/"+found[1], v)
}

// shownLines is a text of several lines without what must not reach a page.
func shownLines(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func shownJSON(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return shownLines(string(raw))
	}
	return shownLines(out.String())
}

// splitSentence parts the first sentence from the others. A full stop ends one when a space and a beginning follow it.
func splitSentence(s string) (first, rest string) {
	quoted := false
	for i, r := range s {
		switch {
		case r == '`':
			quoted = !quoted
		case r == ' ' && !quoted && i > 1 && i+1 < len(s) && (s[i-1] == '.' || s[i-1] == ')' && s[i-2] == '.'):
			if next, _ := utf8.DecodeRuneInString(s[i+1:]); unicode.IsUpper(next) || unicode.IsDigit(next) || next == '`' {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// reasonSentence is what a reason code means; "" for one that has no sentence.
func reasonSentence(code string) string {
	for _, e := range audit.Explain(code) {
		if e.Known && e.Cause != "" {
			return e.Cause
		}
	}
	return ""
}

// shownMapping is a mapping as it was kept: YAML, or JSON without line breaks.
func shownMapping(m string) string {
	if json.Valid([]byte(m)) {
		return shownJSON([]byte(m))
	}
	return shownLines(m)
}
