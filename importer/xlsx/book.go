package xlsx

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"strings"
)

// Book is what a workbook has in common: its sheets, the texts that cells share, and which formats are dates. It keeps no
// file open.
type Book struct {
	sheets   []Sheet
	texts    []string
	formats  []format // of every style
	date1904 bool
}

// Sheet is one sheet of cells.
type Sheet struct {
	Name    string
	Visible bool
	part    string
}

// Open reads a workbook but for its cells.
func Open(r io.ReaderAt, size int64) (*Book, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	if err := a.kind(); err != nil {
		return nil, err
	}
	root, err := a.relations("")
	if err != nil {
		return nil, err
	}
	main := root.first("officeDocument")
	if main == "" {
		return nil, errNoWorkbook()
	}
	related, err := a.relations(main)
	if err != nil {
		return nil, err
	}
	b := &Book{}
	if err := b.readSheets(a, main, related); err != nil {
		return nil, err
	}
	if part := related.first("styles"); part != "" {
		if err := b.readStyles(a, part); err != nil {
			return nil, err
		}
	}
	if part := related.first("sharedStrings"); part != "" {
		if err := b.readTexts(a, part); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func errNoWorkbook() error {
	return refuse("Unpack it first and drop the files that are in it.", "the file is a compressed folder (zip) and not a workbook")
}

// kind refuses compressed files that are something else than a workbook that is read here.
func (a *archive) kind() error {
	const save = "Save it as .xlsx or as CSV (UTF-8) and drop that file."
	switch {
	case a.parts["xl/workbook.bin"] != nil:
		return refuse(save, "the file is a binary workbook (.xlsb)")
	case a.parts["content.xml"] != nil && a.parts["mimetype"] != nil:
		return refuse(save, "the file is an OpenDocument file (.ods)")
	case a.parts["index/document.iwa"] != nil:
		return refuse("Export it from Numbers as Excel or as CSV and drop that file.", "the file is an Apple Numbers document")
	case a.parts["word/document.xml"] != nil || a.parts["ppt/presentation.xml"] != nil:
		return refuse("Export the data as .xlsx or as CSV.", "the file is a document or a presentation, not a table")
	case a.parts["[content_types].xml"] == nil:
		return errNoWorkbook()
	}
	return nil
}

// relation is what a part says about another.
type relation struct{ id, kind, part string }

type relations []relation

// relations reads which other parts a part goes with.
func (a *archive) relations(of string) (relations, error) {
	folder, base := path.Split(of)
	name := folder + "_rels/" + base + ".rels"
	if a.parts[partName(name)] == nil {
		return nil, nil
	}
	content, err := a.open(name, maxSmall)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	m := newMarkup(name, content)
	var all relations
	err = m.each(func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" || strings.EqualFold(attribute(e, "TargetMode"), "External") {
			return nil
		}
		target := strings.ReplaceAll(attribute(e, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/"+folder, target)
		}
		if len(all) == 2*maxSheets {
			return refuse(saveAsCSV, "the workbook has more parts than are read")
		}
		all = append(all, relation{attribute(e, "Id"), path.Base(attribute(e, "Type")), partName(target)})
		return nil
	})
	return all, err
}

// first finds the first part of a kind.
func (l relations) first(kind string) string {
	for _, r := range l {
		if r.kind == kind {
			return r.part
		}
	}
	return ""
}

func (b *Book) readSheets(a *archive, part string, related relations) error {
	content, err := a.open(part, maxSmall)
	if err != nil {
		return err
	}
	defer content.Close()
	byID := make(map[string]relation, len(related))
	for _, r := range related {
		byID[r.id] = r
	}
	m := newMarkup(part, content)
	err = m.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			b.date1904 = yes(attribute(e, "date1904"))
		case "sheet":
			// The sheet's own id is another attribute, sheetId.
			r := byID[attribute(e, "id")]
			if r.kind != "worksheet" { // a chart
				return nil
			}
			if len(b.sheets) == maxSheets {
				return refuse(saveAsCSV, "the workbook has more sheets than are read")
			}
			state := attribute(e, "state")
			b.sheets = append(b.sheets, Sheet{Name: attribute(e, "name"), Visible: state == "" || state == "visible", part: r.part})
		}
		return nil
	})
	if err == nil && len(b.sheets) == 0 {
		err = refuse(saveAgain, "the workbook has no sheet of cells")
	}
	return err
}

// Find finds a sheet by its name, without case, or the first visible one for an empty name.
func (b *Book) Find(name string) (Sheet, error) {
	for _, s := range b.sheets {
		if name == "" && s.Visible || name != "" && strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(name)) {
			return s, nil
		}
	}
	if name == "" {
		return Sheet{}, refuse("Unhide the sheet with the records, or name it under sheet.", "every sheet of the workbook is hidden")
	}
	return Sheet{}, refuse("Correct sheet for the source, or rename the sheet in the workbook.", "the workbook has no sheet %q; %s", name, b.visible())
}

// visible lists the names of the sheets that can be seen.
func (b *Book) visible() string {
	const most = 20
	var names []string
	others := 0
	for _, s := range b.sheets {
		switch {
		case !s.Visible:
		case len(names) < most:
			names = append(names, fmt.Sprintf("%q", s.Name))
		default:
			others++
		}
	}
	switch {
	case len(names) == 0:
		return "all its sheets are hidden"
	case others > 0:
		return fmt.Sprintf("it has %s and %d others", strings.Join(names, ", "), others)
	}
	return "it has " + strings.Join(names, ", ")
}

// readTexts reads the texts that cells share.
func (b *Book) readTexts(a *archive, part string) error {
	content, err := a.open(part, 4*MaxSharedText)
	if err != nil {
		return err
	}
	defer content.Close()
	m := newMarkup(part, content)
	total := 0
	var text bytes.Buffer
	return m.each(func(e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text.Reset()
		if err := m.phrase(&text); err != nil {
			return err
		}
		if total += text.Len(); total > MaxSharedText || len(b.texts) == MaxSharedTexts {
			return refuse(saveAsCSV, "the workbook has more text than is kept in memory (%d MiB, or %d different texts)",
				MaxSharedText>>20, MaxSharedTexts)
		}
		b.texts = append(b.texts, unescape(text.String()))
		return nil
	})
}
