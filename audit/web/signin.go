package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed signin.html
var signInText string

var signInTemplate = template.Must(template.New("signin").Parse(signInText))

// signIn is what the page to sign in shows.
type signIn struct {
	Next  string // where to go on
	Wrong string // why it did not work, sentences; "" before it was tried
}

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request, status int, page signIn) {
	var out bytes.Buffer
	if err := signInTemplate.Execute(&out, page); err != nil {
		panic(err) // survive says so
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = out.WriteTo(w)
	}
}
