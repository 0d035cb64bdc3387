package importer

import (
	"bytes"
	"strings"
)

// fileKind is what a file shows itself to be by its first bytes, when it is no text.
type fileKind uint8

const (
	kindUnknown fileKind = iota // text, as far as its beginning tells
	kindZip                     // a workbook, or another compressed folder
	kindPacked                  // compressed once more
	kindOld                     // a workbook of Excel 97 to 2003, or one with a password
	kindBIFF                    // a workbook from before Excel 97
	kindMarkup                  // Excel's XML of 2003
	kindTable                   // a table of a web page, as some programs write under the name of a workbook
	kindPage                    // any other web page
	kindPDF
)

// wrongKind recognises the kinds of file that people drop by mistake.
type wrongKind struct {
	kind      fileKind
	encrypted bool
	carry     []byte
}

// head looks at the first bytes of a file.
func (w *wrongKind) head(head []byte) {
	for _, k := range []struct {
		magic string
		kind  fileKind
	}{
		{"PK\x03\x04", kindZip}, {"PK\x05\x06", kindZip}, {"PK\x07\x08", kindZip}, {"\xd0\xcf\x11\xe0", kindOld}, {"%PDF", kindPDF},
		{"\x09\x00\x04\x00", kindBIFF}, {"\x09\x02\x06\x00", kindBIFF}, {"\x09\x04\x06\x00", kindBIFF}, {"\x09\x08\x08\x00", kindBIFF},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			w.kind = k.kind
			return
		}
	}
	// Without NUL bytes, UTF-16 is near enough to ASCII; a byte order mark is no part of the text.
	text := strings.ToLower(string(bytes.ReplaceAll(head[:min(len(head), 64<<10)], []byte{0}, nil)))
	for _, mark := range []string{"\xef\xbb\xbf", "\ufffd\ufffd", "\xff\xfe", "\xfe\xff"} { // ToLower replaces what is not UTF-8
		text = strings.TrimPrefix(text, mark)
	}
	text = strings.TrimLeft(text, " \t\r\n")
	switch begins := func(start string) bool { return strings.HasPrefix(text, start) }; {
	case begins("<?xml") && strings.Contains(text, "urn:schemas-microsoft-com:office:spreadsheet"):
		w.kind = kindMarkup
	case begins("<table"), begins("<meta") && strings.Contains(text, "<table"):
		w.kind = kindTable
	case begins("<!doctype html"), begins("<html"), begins("<head"), begins("<?xml") && strings.Contains(text, "<html"):
		w.kind = kindPage
		if strings.Contains(text, "<table") && !strings.Contains(text, "<form") && !strings.Contains(text, "<script") {
			w.kind = kindTable
		}
	}
}

// encryptedStream is how an old container of files names what a password protects, in UTF-16.
const encryptedStream = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"

// add looks for a password in the rest of an old workbook.
func (w *wrongKind) add(chunk []byte) {
	if w.kind != kindOld || w.encrypted {
		return
	}
	seam := append(w.carry, chunk[:min(len(chunk), len(encryptedStream))]...)
	w.encrypted = bytes.Contains(seam, []byte(encryptedStream)) || bytes.Contains(chunk, []byte(encryptedStream))
	w.carry = bytes.Clone(chunk[max(0, len(chunk)-len(encryptedStream)):])
}

// refusal says what to do with a file of a kind that is not read.
func (w *wrongKind) refusal() error {
	const details = "Export the report again with Details Only as .xlsx or .csv, or open the file in Excel and save it as .xlsx."
	switch w.kind {
	case kindOld:
		if w.encrypted {
			return refuse("Save it without a password and drop that file.", "the workbook is protected by a password")
		}
		return refuse(details, "the file is an old Excel workbook (.xls)")
	case kindBIFF:
		return refuse(details, "the file is a very old Excel workbook (.xls)")
	case kindMarkup:
		return refuse(details, "the file is an Excel workbook of 2003 (XML)")
	case kindTable:
		return refuse(details, "the file is a web page with a table under the name of an Excel workbook, as Salesforce writes its formatted reports")
	case kindPage:
		return refuse("Log in again and export the data as CSV, XLSX or JSON: the page that asks to log in is easily saved in its place.",
			"the file is a web page, not an export")
	case kindPDF:
		return refuse("Export the data as CSV, XLSX or JSON.", "the file is a PDF document, not a table")
	}
	return refuse("Export the data as CSV, XLSX or JSON.", "the file is not a table")
}
