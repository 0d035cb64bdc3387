package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// receipt answers with the page that was written about a file for whoever dropped it. It lies in a folder in which others may write,
// so that it is shown as a page of nobody: without scripts, forms and whatever lies elsewhere, and with no style but the first that
// stands in it.
func (s *Site) receipt(w http.ResponseWriter, r *http.Request) {
	n, ok := s.numberOf(w, r, "file")
	if !ok {
		return
	}
	page, err := s.ledger.Receipt(r.Context(), n)
	if err != nil {
		s.unanswered(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src '"+styleOf(page)+
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page) // the visitor has gone
}

// styleOf names the first style of a page, as a policy lets it through.
func styleOf(page []byte) string {
	_, rest, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(style)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
