package xlsx

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// format says what a number stands for in the style of its cell.
type format uint8

const (
	plain    format = iota
	dateOnly        // it shows no time of day
	withTime        // it shows a time of day, alone or behind a date
)

// readStyles finds out which styles show a number as a date.
func (b *Book) readStyles(a *archive, part string) error {
	content, err := a.open(part, maxSmall)
	if err != nil {
		return err
	}
	defer content.Close()
	m := newMarkup(part, content)
	custom := map[int]format{}
	return m.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attribute(e, "numFmtId")); err == nil && len(custom) < maxStyles {
				custom[id] = formatOf(attribute(e, "formatCode"))
			}
		case "dxfs", "cellStyleXfs": // they have formats of their own, which no cell refers to
			return m.skip()
		case "cellXfs":
			return m.each(func(xf xml.StartElement) error {
				if xf.Name.Local != "xf" {
					return nil
				}
				if len(b.formats) == maxStyles {
					return refuse(saveAgain, "the workbook has more than %d styles", maxStyles)
				}
				id, _ := strconv.Atoi(attribute(xf, "numFmtId"))
				f, own := custom[id]
				if !own {
					f = builtIn(id)
				}
				b.formats = append(b.formats, f)
				return nil
			})
		}
		return nil
	})
}

// builtIn are the formats that a workbook does not spell out, those of East Asia among them.
func builtIn(id int) format {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id >= 34 && id <= 36, id >= 50 && id <= 58:
		return dateOnly
	case id >= 18 && id <= 22, id == 32, id == 33, id >= 45 && id <= 47:
		return withTime
	}
	return plain
}

// formatOf finds out what the code of a format shows of a positive number: yyyy-mm-dd hh:mm is a date with a time, while
// the d of "paid" in quotation marks, of [Red] and of \d means nothing.
func formatOf(code string) format {
	var date, clock, months bool
	last := byte(0) // the letter before, among those that count
	for i := 0; i < len(code); i++ {
		c := code[i] | 0x20
		switch {
		case code[i] == ';':
			i = len(code)
		case code[i] == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 1
			}
			i += end + 1
		case code[i] == '\\' || code[i] == '_' || code[i] == '*':
			i++
		case code[i] == '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return plain
			}
			switch strings.ToLower(strings.Trim(code[i+1:i+end], " ")) {
			case "h", "hh", "m", "mm", "s", "ss":
				clock, last = true, 'h'
			}
			i += end
		case strings.HasPrefix(strings.ToLower(code[i:]), "general"):
			return plain
		case strings.HasPrefix(strings.ToLower(code[i:]), "am/pm"):
			i += 4
		case c == 'e' && i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-'):
			return plain
		case c == 'y' || c == 'd' || c == 'e':
			date, last = true, c
		case c == 'h' || c == 's':
			clock, last = true, c
		case c == 'm':
			// Behind hours it means minutes, and so it does before seconds, which are a time by themselves.
			if last != 'h' {
				months = true
			}
			if last != 'h' && last != 'm' {
				last = 'm'
			}
		}
	}
	switch {
	case clock:
		return withTime
	case date || months:
		return dateOnly
	}
	return plain
}
