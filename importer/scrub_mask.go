package importer

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// What is blanked keeps every byte by which a text is cut into records: quotation marks, delimiters, line ends and brackets stay
// where they are. So no other record, not even one whose quotation marks are not in order, ends anywhere else than
// before.

// maskTable blanks a line of a table.
func maskTable(text []byte, d dialect) {
	for i, c := range text {
		switch c {
		case '"', '\r', '\n', d.delimiter, d.newline:
		default:
			text[i] = ' '
		}
	}
}

// maskJSON blanks a JSON value: texts become asterisks, which mean that there is none, and numbers ones. The names of members
// stay unless personal says otherwise of one. What is malformed loses everything but its marks.
func maskJSON(text []byte, personal func(name string) bool) {
	if !jsontext.Value(text).IsValid() {
		maskMalformed(text)
		return
	}
	d := jsontext.NewDecoder(bytes.NewReader(bytes.Clone(text)))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return
		}
		end := int(d.InputOffset())
		kind, n := d.StackIndex(d.StackDepth())
		name := token.Kind() == '"' && kind == '{' && n%2 == 1
		switch token.Kind() {
		case '"':
			if !name || personal(token.String()) {
				maskString(text[:end])
			}
		case '0':
			for i := end - 1; i >= 0 && bytes.IndexByte([]byte("+-.0123456789eE"), text[i]) >= 0; i-- {
				text[i] = '1'
			}
		}
	}
}

// maskString blanks the JSON string that a text ends with. Escapes stay escapes.
func maskString(text []byte) {
	end := len(text) - 1
	begin := end - 1
	for ; begin >= 0; begin-- {
		if text[begin] != '"' {
			continue
		}
		escapes := 0
		for begin-1-escapes >= 0 && text[begin-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			break
		}
	}
	for i := begin + 1; i < end; i++ {
		switch c := text[i]; {
		case c == '\\':
			if i++; text[i] == 'u' {
				copy(text[i+1:], "0000")
				i += 4
			}
		case !marksJSON(c):
			text[i] = '*'
		}
	}
}

// maskMalformed blanks all but the marks.
func maskMalformed(text []byte) {
	for i, c := range text {
		if !marksJSON(c) {
			text[i] = '*'
		}
	}
}

func marksJSON(c byte) bool { return c <= ' ' || bytes.IndexByte([]byte(`{}[]:,"\`), c) >= 0 }
