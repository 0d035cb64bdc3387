package receipt

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
)

//go:embed pages
var files embed.FS

// pages are the templates; each is a whole page.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"grouped": grouped, "money": money, "shown": shown, "when": when, "text": text,
	"plural": func(n uint64, one, many string) string { return counted(n, one, many) },
	"add":    func(a, b int) int { return a + b },
	// A name becomes a link within the folder, also when it begins as an address does.
	"link": func(name string) template.URL { return template.URL("./" + url.PathEscape(name)) },
}).ParseFS(files, "pages/*"))

// write writes a page, whole or not at all.
func write(w io.Writer, page string, data any) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, page, data); err != nil {
		return fmt.Errorf("make the page %s: %w", page, err)
	}
	_, err := out.WriteTo(w)
	return err
}
