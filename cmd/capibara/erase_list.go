package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"

	"capibara/audit"
)

// maxErased bounds how many identifiers one erasure takes, and with them the body that carries them.
const maxErased = 10_000

// named reads whom the flags name. The values are in no error.
func (a *app) named(ctx context.Context, n named, act bool) ([]identifier, error) {
	var all []identifier
	for _, f := range []struct {
		kind, flag, what string
		values           []string
	}{{byEmail, "email", "The e-mail address", n.emails}, {byPhone, "phone", "The telephone number, with country code", n.phones},
		{byExternalID, "external-id", "The external_id", n.externalIDs}, {byEventID, "event-id", "The event_id", n.eventIDs}} {
		for _, value := range f.values {
			if value == askedFor {
				var err error
				if value, err = a.askHidden(ctx, f.what); err != nil {
					return nil, failed("nothing was done; type it when it is asked for, or pass it as a line of standard input", "--%s -: %w", f.flag, err)
				}
			}
			if value = strings.TrimSpace(value); value == "" {
				return nil, misused("type it when it is asked for, or pass it as a line of standard input", "--%s: nothing was given", f.flag)
			}
			all = append(all, identifier{f.kind, value})
		}
	}
	if n.list != "" {
		more, err := a.listed(n.list)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	switch {
	case len(all) == 0 && act:
		return nil, misused("say whom with --email, --phone, --external-id, --event-id or --list", "nobody is named")
	case len(all) == 0:
		return nil, misused("say whom with --email, --phone or --external-id", "nobody is named")
	case len(all) > maxErased:
		return nil, misused("cut the list into several", "%s are more than one command takes (%s)", counted(len(all), "identifier", "identifiers"), grouped(maxErased))
	}
	var w wanted
	return all, explained(w.read(ctx, audit.New(audit.Config{}), all))
}

// byteOrderMark begins what spreadsheets save as UTF-8.
const byteOrderMark = "\ufeff"

// listed reads a list of identifiers.
func (a *app) listed(path string) (all []identifier, err error) {
	in := a.stdin
	if path != askedFor {
		f, err := os.Open(path)
		if err != nil {
			return nil, failed("check the path of --list", "reading the list: %w", err)
		}
		defer closing(&err, f, path)
		in = f
	}
	text := bufio.NewReader(in)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		if _, err := text.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	r := csv.NewReader(text)
	r.FieldsPerRecord, r.TrimLeadingSpace, r.Comment = -1, true, '#'
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse):
			return nil, misused("write one identifier a line, its kind first: email,anna@example.com", "the list cannot be read at line %d", parse.Line)
		case err != nil:
			return nil, failed("check the path of --list", "reading the list: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(all) == 0 && line == 1 && strings.EqualFold(fields[0], "kind") {
			continue
		}
		kind := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(fields[0])), "-", "_")
		switch kind {
		case byEmail, byPhone, byExternalID, byEventID:
		default:
			return nil, misused("write one identifier a line, its kind first: email,anna@example.com; the kinds are email, phone, external_id and event_id",
				"line %d of the list does not begin with a kind of identifier", line)
		}
		if len(fields) != 2 || strings.TrimSpace(fields[1]) == "" {
			return nil, misused("write one identifier a line, its kind first: email,anna@example.com", "line %d of the list does not hold one value after its kind", line)
		}
		all = append(all, identifier{kind, strings.TrimSpace(fields[1])})
	}
}
