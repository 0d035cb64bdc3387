package receipt

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser finds Chromium. Without one the test is skipped, unless CAPIBARA_BROWSER_TESTS=required.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CAPIBARA_BROWSER_TESTS") == "required" {
		t.Fatal("there is no Chromium, and CAPIBARA_BROWSER_TESTS=required")
	}
	t.Skip("SKIPPED: there is no Chromium to open the pages with")
	return ""
}

// window is how a reader looks at a page.
type window struct {
	name          string
	width, height int64
	phone, dark   bool
}

func windows() []window {
	return []window{{"desk", 1100, 900, false, false}, {"desk-dark", 1100, 900, false, true}, {"phone", 360, 740, true, false}, {"phone-dark", 360, 740, true, true}}
}

// seen is what a page looks like to its reader.
type seen struct {
	Headline string  `json:"headline"`
	Top      float64 `json:"top"`      // of the headline's lower edge
	Overflow float64 `json:"overflow"` // width of the page beyond the window
	Contrast float64 `json:"contrast"` // the lowest between a text and what is behind it
	Worst    string  `json:"worst"`    // the text that has it
	Dark     bool    `json:"dark"`
}

// look finds it out. A text's background is that of its nearest ancestor that has one.
const look = `(() => {
  const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = c => rgb(c).slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((rgb(c)[3] ?? 1) > 0) return c; } return 'rgb(255, 255, 255)'; };
  let contrast = 99, worst = '';
  for (const e of document.body.querySelectorAll('*')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < contrast) { contrast = ratio; worst = e.textContent.trim().slice(0, 40); }
  }
  const h = document.querySelector('h1');
  return {headline: h.textContent, top: h.getBoundingClientRect().bottom, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    contrast, worst, dark: light(getComputedStyle(document.body).backgroundColor) < .2};
})()`

// TestPagesInABrowser opens every page as a reader does: from a folder, on a desk and on a phone, in light and in dark.
// CAPIBARA_SCREENSHOTS names a folder for pictures of what was seen.
func TestPagesInABrowser(t *testing.T) {
	path := browser(t)
	dir := t.TempDir()
	headlines := map[string]string{}
	write := func(name, page, headline string) {
		if err := os.WriteFile(filepath.Join(dir, name+Ext), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		headlines[name] = headline
	}
	all, standing := receipts(), statuses()
	for _, name := range []string{"good", "mixed", "refused", "hostile"} {
		r := all[name]
		write(name, written(t, func(b *bytes.Buffer) error { return Write(b, r) }), newReceiptPage(r).Headline)
	}
	for _, name := range []string{"status-good", "status-trouble", "status-stopped", "status-hostile"} {
		s := standing[name]
		write(name, written(t, func(b *bytes.Buffer) error { return WriteStatus(b, s) }), newStatusPage(s).Headline)
	}

	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile(t)), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocated)
	defer closeTab()
	tab, cancel := context.WithTimeout(tab, 90*time.Second)
	defer cancel()

	var mu sync.Mutex
	var heard []string // requests and complaints
	hear := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf(format, args...))
	}
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(tab, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "file" && u.Scheme != "data" {
				hear("a request to %s", e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			hear("%s on the console", e.Type)
		case *runtime.EventExceptionThrown:
			hear("an exception: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			hear("a complaint: %s", e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(t, tab, network.Enable, network.EnableParams{})
	call(t, tab, log.Enable, cdp.Empty{})
	for name, headline := range headlines {
		for _, w := range windows() {
			scheme := "light"
			if w.dark {
				scheme = "dark"
			}
			call(t, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
				Width: w.width, Height: w.height, DeviceScaleFactor: 1, Mobile: w.phone})
			call(t, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			address := url.URL{Scheme: "file", Path: filepath.Join(dir, name+Ext)}
			if err := chromedp.Do(tab, chromedp.Navigate(address.String()), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
				t.Fatalf("%s, %s: %v", name, w.name, err)
			}
			got, err := chromedp.Run(tab, chromedp.Evaluate[seen](look))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, w.name, err)
			}
			switch {
			case strings.TrimSpace(got.Headline) != strings.TrimSpace(text(headline)):
				t.Errorf("%s, %s: the first sentence is %q, want %q", name, w.name, got.Headline, headline)
			case got.Top > float64(w.height) && name != "hostile":
				t.Errorf("%s, %s: the first sentence is out of sight", name, w.name)
			case got.Overflow > 0:
				t.Errorf("%s, %s: it is %.0f pixels too wide", name, w.name, got.Overflow)
			case got.Contrast < 4.5:
				t.Errorf("%s, %s: %q has a contrast of %.1f", name, w.name, got.Worst, got.Contrast)
			case got.Dark != w.dark:
				t.Errorf("%s, %s: dark is %v", name, w.name, got.Dark)
			}
			picture(t, tab, name+"-"+w.name)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, h := range heard {
		t.Error(h)
	}
}

// profile is a folder for the browser to keep what it wants. Its processes write there for a moment after it has ended.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "capibara-browser-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}

// call asks the browser for something that has no answer.
func call[P any](t *testing.T, tab context.Context, command cdp.Command[P, cdp.Empty], params P) {
	t.Helper()
	if _, err := chromedp.Call(tab, command, params); err != nil {
		t.Fatal(err)
	}
}

// picture keeps what a page looks like, when somebody asked for it.
func picture(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("CAPIBARA_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
