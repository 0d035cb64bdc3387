package importer

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// compileFormat checks what a source says about how its files are written.
func compileFormat(s *Source) error {
	switch {
	case !slices.Contains([]string{"", "csv", "xlsx", "json", "jsonl"}, s.Format):
		return fmt.Errorf("format: %q is none of csv, xlsx, json, jsonl", s.Format)
	case s.Sheet != "" && (s.Format == "json" || s.Format == "jsonl"):
		return fmt.Errorf("sheet: only a workbook has sheets; leave it out, or write format: xlsx")
	case s.Format == "xlsx" && s.Delimiter != "":
		return fmt.Errorf("delimiter: a workbook has none; leave it out, or write format: csv")
	}
	return nil
}

// encodingOf finds an encoding by the name that browsers know, else by the one of IANA, which knows those of DOS.
func encodingOf(name string) (encoding.Encoding, error) {
	if enc, err := htmlindex.Get(name); err == nil {
		return enc, nil
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err == nil && enc == nil {
		err = errors.New("not supported")
	}
	return enc, err
}
