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

// formatOf decides how a file is written: as the source says, else by its name, else by its first character.
func (m *Mapping) formatOf(name string, head []byte) string {
	if m.source.Format != "" {
		return m.source.Format
	}
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
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 1 && (rest[1] == '\r' || rest[1] == '\n') {
		delimiters = []byte{rest[0]}
	}
	if m.delimiter != 0 {
		delimiters = []byte{m.delimiter}
	}
	known, named := newAliases(), m.namedHeaders()
	best, bestScore := sheet{}, -1
	for _, delimiter := range delimiters {
		c := csvCutter{dialect: dialect{delimiter: delimiter, newline: newline}, window: newWindow(bytes.NewReader(head))}
		b := &block{}
		if _, err := c.next(b); err != nil {
			continue
		}
		for i := range b.spans[:min(headLines, len(b.spans))] {
			cells := allCells(b.record(i), delimiter)
			score := 1
			if b.spans[i].flag&(spanStrayQuote|spanTooLarge) != 0 || blank(b.record(i), delimiter) || len(cells) == 1 && strings.HasPrefix(cells[0], "sep=") {
				continue
			}
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
				best, bestScore = sheet{dialect{delimiter, newline, len(cells)}, cells, b.spans[i].line}, score
			}
		}
	}
	for i, h := range best.headers {
		best.headers[i] = trimSpace(h)
	}
	return best
}

// namedHeaders are the headers that the configuration names, folded.
func (m *Mapping) namedHeaders() map[string]bool {
	named := map[string]bool{}
	for _, t := range m.targets {
		for _, h := range t.headers {
			named[fold(h)] = true
		}
	}
	for _, h := range m.source.RecordKey {
		named[fold(h)] = true
	}
	for _, r := range m.rules {
		named[fold(r.eventTime)], named[fold(r.value)] = true, true
		for _, c := range r.when {
			named[fold(c.header)] = true
		}
	}
	for _, h := range m.admission.headers() {
		named[fold(h)] = true
	}
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
