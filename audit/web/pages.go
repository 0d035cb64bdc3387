package web

import "net/http"

// pages answers with what people read.
func (s *Site) pages(*http.ServeMux) {}
