package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

// pageFiles are the templates of the pages.
//
//go:embed pages
var pageFiles embed.FS

// staticFiles are what the pages load: style, script, and the two libraries with their licences.
//
//go:embed static
var staticFiles embed.FS

// asset is a file that pages load.
type asset struct {
	data    []byte
	version string // changes with the content
	kind    string // its media type
}

var assets = readAssets()

func readAssets() map[string]asset {
	all := map[string]asset{}
	names, err := fs.Glob(staticFiles, "static/*")
	for _, name := range names {
		var data []byte
		if data, err = staticFiles.ReadFile(name); err != nil {
			break
		}
		sum := sha256.Sum256(data)
		kind := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(name)]
		if kind == "" {
			kind = mime.FormatMediaType("text/plain", map[string]string{"charset": "utf-8"})
		}
		all[path.Base(name)] = asset{data: data, version: hex.EncodeToString(sum[:6]), kind: kind}
	}
	if err != nil {
		panic(err) // the files are part of the program
	}
	return all
}

// assetPath is the address of a file that pages load, another one whenever its content changes.
func assetPath(name string) string { return "/static/" + name + "?v=" + assets[name].version }

// staticFile answers with a file that pages load. Under an address that names its version it is kept for a year.
func (s *Site) staticFile(w http.ResponseWriter, r *http.Request) {
	a, ok := assets[r.PathValue("name")]
	if !ok {
		s.nowherePage(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", `"`+a.version+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+a.version+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(a.data) // the visitor has gone
}
