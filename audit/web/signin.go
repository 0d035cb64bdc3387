package web

import "net/http"

// signIn is what the page to sign in shows.
type signIn struct {
	Next  string // where to go on
	Wrong string // why it did not work, sentences; "" before it was tried
}

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request, status int, page signIn) {
	s.show(w, r, status, "signin.html", view{Title: "Sign in", Content: page})
}
