package importer

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// headLines is how many records at the top of a file may come before its header.
const headLines = 30

// headOf reads the beginning of a file as text.
func headOf(in *input) ([]byte, error) {
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	defer text.Close()
	head := make([]byte, readSize+maxRecord)
	n, err := io.ReadFull(text, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	return head[:n], nil
}

// formatOf decides how a text is written: as the source says, else by the file's name, else by its first character.
func (m *Mapping) formatOf(name string, head []byte) string {
	if m.source.Format == "xlsx" {
		return "csv" // a table all the same, as the rejected rows of a workbook may come back
	}
	if m.source.Format != "" {
		return m.source.Format
	}
	name = unpackedName(name)
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv", ".tab":
		return "csv"
	case ".jsonl", ".ndjson":
		return "jsonl"
	}
	first := bytes.TrimLeft(head, " \t\r\n")
	switch brace := len(first) > 0 && first[0] == '{'; {
	case brace && m.source.Records == "" && severalLines(first):
		return "jsonl"
	case brace || len(first) > 0 && first[0] == '[' || strings.EqualFold(path.Ext(name), ".json"):
		return "json"
	}
	return "csv"
}

// sheet is what was found out about a CSV file.
type sheet struct {
	dialect
	headers []string
	line    uint64 // of the header
}

// sniffSheet finds delimiter, line ends and header: the line among the first whose cells say most to the mapping. A
// file in which no line says anything is bound to its first line, so that the refusal can name what is there.
func (m *Mapping) sniffSheet(head []byte) sheet {
	newline := byte('\n')
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		newline = '\r'
	}
	delimiters := []byte{',', ';', '\t', '|'}
	if d := statedDelimiter(head); d != 0 {
		delimiters = []byte{d}
	}
	if m.delimiter != 0 {
		delimiters = []byte{m.delimiter}
	}
	best, bestScore, bestAgree := sheet{}, -1, 0
	for _, delimiter := range delimiters {
		s, score, agree := m.header(head, dialect{delimiter: delimiter, newline: newline})
		if score > bestScore || score == bestScore && agree > bestAgree {
			best, bestScore, bestAgree = s, score, agree
		}
	}
	return best
}

// sniffRows finds the header of a sheet of a workbook.
func (m *Mapping) sniffRows(head []byte) sheet {
	s, _, _ := m.header(head, dialect{delimiter: ',', newline: '\n', book: true})
	return s
}

// statedDelimiter is what a first line such as sep=; says; 0 when there is none.
func statedDelimiter(head []byte) byte {
	if len(head) < 6 || !bytes.EqualFold(head[:4], []byte("sep=")) || head[5] != '\r' && head[5] != '\n' {
		return 0
	}
	return head[4]
}

// header finds the line that is most like a header when a table is written in a dialect. agree is how many of the lines
// below it have as many cells: it decides between delimiters when their headers say as much.
func (m *Mapping) header(head []byte, d dialect) (best sheet, bestScore, agree int) {
	known, named := newAliases(), m.namedHeaders()
	c := csvCutter{dialect: d, window: newWindow(bytes.NewReader(head))}
	b := &block{}
	if _, err := c.next(b); err != nil {
		return sheet{}, -1, 0
	}
	at := 0
	bestScore = -1
	for i := range b.spans[:min(headLines, len(b.spans))] {
		cells := allCells(b.record(i), d.delimiter)
		if b.spans[i].flag&(spanStrayQuote|spanTooLarge) != 0 || blank(b.record(i), d.delimiter) || len(cells) == 1 && hasSep(cells[0]) {
			continue
		}
		score := 1
		for _, cell := range cells {
			if _, _, ok := known.find(cell); ok {
				score += 100
			}
			if named[fold(cell)] {
				score += 300
			}
		}
		if score == 1 {
			score = min(len(cells), 90) - i
		}
		if score > bestScore {
			best, bestScore, at = sheet{d, cells, b.spans[i].line}, score, i
		}
	}
	best.columns = len(best.headers)
	best.guarded = fromRejects(best.headers)
	for i, h := range best.headers {
		if best.guarded {
			h = unguard(h)
		}
		best.headers[i] = trimSpace(h)
	}
	for i := at + 1; i < len(b.spans) && i <= at+agreeLines; i++ {
		if best.columns > 1 && cellsOf(b.record(i), d.delimiter) == best.columns {
			agree++
		}
	}
	return best, bestScore, agree
}

// agreeLines is how many lines below the header are asked about the delimiter.
const agreeLines = 50

func hasSep(cell string) bool { return len(cell) >= 4 && strings.EqualFold(cell[:4], "sep=") }

func cellsOf(record string, delimiter byte) int {
	n := 0
	for more := true; more; n++ {
		_, record, more = nextCell(record, delimiter)
	}
	return n
}

// namedHeaders are the headers that the configuration names, folded.
func (m *Mapping) namedHeaders() map[string]bool {
	named := map[string]bool{}
	add := func(headers ...string) {
		for _, h := range headers {
			named[fold(h)] = true
		}
	}
	for _, t := range m.targets {
		add(t.headers...)
	}
	add(m.source.Join.Column)
	add(m.inherited.furtherHeaders()...)
	if m.inherited.join() {
		add(m.inherited.alternatives(m.source.Join.Column)...)
	}
	key := m.source.RecordKey
	if m.inherited.recordKey() {
		key = m.inherited.alternatives(key...)
	}
	add(key...)
	for _, r := range m.rules {
		headers := []string{r.eventTime, r.value}
		for _, c := range r.when {
			headers = append(headers, c.header)
		}
		if r.preset {
			headers = m.inherited.alternatives(headers...)
		}
		add(headers...)
	}
	for _, h := range m.admission.headers() {
		named[fold(h)] = true
	}
	named[fold(m.timeOfDay)] = true
	delete(named, "")
	return named
}

func allCells(record string, delimiter byte) []string {
	var cells []string
	for more := true; more; {
		var text string
		text, record, more = nextCell(record, delimiter)
		cells = append(cells, text)
	}
	return slices.Clip(cells)
}
