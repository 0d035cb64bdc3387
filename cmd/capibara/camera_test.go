package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// largestPicture is how large a picture of the documentation may be.
const largestPicture = 150 << 10

// camera takes pictures of pages in a browser, and keeps them in a folder.
type camera struct {
	t   *testing.T
	tab context.Context
	out string
}

func newCamera(t *testing.T, out string) *camera {
	t.Helper()
	tab := newTab(t, 2*time.Minute)
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	return &camera{t: t, tab: tab, out: out}
}

// drawn takes a picture of a page that is made for it.
func (c *camera) drawn(name string, width int64, page *template.Template, data any) {
	c.t.Helper()
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.t.TempDir(), name+".html")
	put(c.t, path, b.String())
	c.shoot(name, path, width, 0)
}

// page takes a picture of a page as it is, down to the end of that section.
func (c *camera) page(name, path string, sections int) {
	c.t.Helper()
	whole, err := filepath.Abs(path)
	if err != nil {
		c.t.Fatal(err)
	}
	c.shoot(name, whole, 820, sections)
}

// shoot takes the picture, whole or down to the end of a section.
func (c *camera) shoot(name, path string, width int64, sections int) {
	c.t.Helper()
	for _, err := range []error{
		told(c.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 200, DeviceScaleFactor: 1}),
		told(c.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}),
		chromedp.Do(c.tab, chromedp.Navigate((&url.URL{Scheme: "file", Path: path}).String()), chromedp.WaitVisible(chromedp.CSS("body"))),
	} {
		if err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
	}
	shot, err := chromedp.Run(c.tab, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	height := int64(1 << 20)
	if sections > 0 {
		find := fmt.Sprintf("Math.round(document.querySelectorAll('section')[%d].getBoundingClientRect().bottom + window.scrollY + 10)", sections-1)
		if height, err = chromedp.Run(c.tab, chromedp.Evaluate[int64](find)); err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
	}
	c.keep(name, shot, int(height), 64)
}

// keep writes a picture into the folder, with at most so many colours, so that it is small enough for the documentation.
func (c *camera) keep(name string, shot []byte, height, colours int) {
	c.t.Helper()
	small, err := fewColours(shot, height, colours)
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	if len(small) > largestPicture {
		c.t.Errorf("%s: the picture has %d bytes", name, len(small))
	}
	if err := os.WriteFile(filepath.Join(c.out, name+".png"), small, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// fewColours writes the upper part of a picture anew with the colours that it has most of; 64 are enough for text.
func fewColours(shot []byte, height, colours int) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	counts, bounds := map[color.NRGBA]int{}, from.Bounds()
	bounds.Max.Y = min(bounds.Max.Y, bounds.Min.Y+height)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[color.NRGBAModel.Convert(from.At(x, y)).(color.NRGBA)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(counts), func(a, b color.NRGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var palette color.Palette
	for _, c := range most[:min(len(most), colours)] {
		palette = append(palette, c)
	}
	to := image.NewPaletted(bounds, palette)
	draw.Draw(to, bounds, from, bounds.Min, draw.Src)
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, to)
	return b.Bytes(), err
}
