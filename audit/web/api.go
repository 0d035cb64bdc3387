package web

import "net/http"

// api answers the questions of the pages as JSON.
func (s *Site) api(*http.ServeMux) {}
