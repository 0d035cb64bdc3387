package web

import (
	"context"
	"net/http"
)

// protect lets through what may be answered.
func (s *Site) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := Visitor{Name: "the page on this computer", Role: Reader}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, v)))
	})
}
