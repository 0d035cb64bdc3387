package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// newTab starts a browser and returns a tab of it. Nothing but this machine can be reached from it.
func newTab(t *testing.T, within time.Duration) context.Context {
	t.Helper()
	path := findBrowser(t)
	profile, err := os.MkdirTemp("", "capibara-browser-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The browser's processes write there for a moment after it has ended.
		eventually(t, "the browser's folder is gone", func() bool { return os.RemoveAll(profile) == nil })
	})
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, within)
	t.Cleanup(cancel)
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	return tab
}

// told asks the browser for something that has no answer.
func told[P any](tab context.Context, command cdp.Command[P, cdp.Empty], params P) error {
	_, err := chromedp.Call(tab, command, params)
	return err
}

// visitor is somebody who looks at a page in a browser. It notes what no page may do.
type visitor struct {
	t    *testing.T
	tab  context.Context
	base string // the page's own address, without the slash at its end
	*sightings
}

// sightings are what the browser tells of by itself.
type sightings struct {
	mu     sync.Mutex
	asked  []string // addresses and bodies of requests
	faults []string
}

// visit opens a tab for somebody who looks at the page at base.
func visit(t *testing.T, base string, within time.Duration) *visitor {
	t.Helper()
	v := &visitor{t: t, tab: newTab(t, within), base: strings.TrimSuffix(base, "/"), sightings: &sightings{}}
	for _, err := range []error{
		chromedp.Listen(v.tab, v.note),
		told(v.tab, log.Enable, cdp.Empty{}),
		told(v.tab, network.Enable, network.EnableParams{}),
		told(v.tab, audits.Enable, cdp.Empty{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// with is the same visitor in another test.
func (v *visitor) with(t *testing.T) *visitor {
	t.Helper()
	other := *v
	other.t = t
	t.Cleanup(other.blameless)
	return &other
}

// note keeps requests, and what may not happen: a dialog, an exception, a violation of the policy, a request to somebody else.
func (v *visitor) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fault := func(format string, args ...any) { v.faults = append(v.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		v.asked = append(v.asked, e.Request.Method+" "+e.Request.URL+e.Request.URLFragment)
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != v.base {
			fault("a request left for %s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		fault("a dialog opened: %s", e.Message)
		go func() {
			_ = told(v.tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}) // it is a fault already
		}()
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		said := d.Text
		if d.Exception != nil {
			said = d.Exception.Description
		}
		fault("a script failed: %s (%s:%d:%d)", said, d.URL, d.LineNumber, d.ColumnNumber)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var said []string
			for _, a := range e.Args {
				said = append(said, string(a.Value))
			}
			fault("the console says: %s", strings.Join(said, " "))
		}
	case *log.EventEntryAdded:
		// The status of an answer is looked at where it matters.
		if e.Entry.Level != log.EntryLevelVerbose && !(e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "status of")) {
			fault("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			fault("the policy was violated: %+v", e.Issue.Details.ContentSecurityPolicyIssueDetails)
		}
	}
}

// requests are the requests since the beginning.
func (v *visitor) requests() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.asked)
}

// blameless fails the test for what the browser noted, and forgets it.
func (v *visitor) blameless() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, f := range v.faults {
		v.t.Error(f)
	}
	v.faults = nil
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.t.Fatalf("%v\n%s", err, v.where())
	}
}

// where says which page is open, for whoever reads why a test failed.
func (v *visitor) where() string {
	ctx, cancel := context.WithTimeout(v.tab, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 800)`))
	if err != nil {
		return err.Error()
	}
	return text
}

// open opens a page by its path, and returns the status of the answer.
func (v *visitor) open(path string) int64 {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, 30*time.Second)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, chromedp.Navigate(v.base+path))
	if err != nil {
		v.t.Fatalf("%s: %v", path, err)
	}
	if answer == nil { // only the fragment changed
		return 0
	}
	return answer.Status
}

// size makes the window as large as that.
func (v *visitor) size(width, height int64) {
	v.t.Helper()
	v.do(chromedp.EmulateViewport(width, height))
}

// media shows pages as on that medium, "" for the screen, in light or dark.
func (v *visitor) media(medium, scheme string) {
	v.t.Helper()
	if err := told(v.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		v.t.Fatal(err)
	}
}

// scripts allows the scripts of pages, or not.
func (v *visitor) scripts(on bool) {
	v.t.Helper()
	if err := told(v.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		v.t.Fatal(err)
	}
}

// js evaluates a script in the page, which its policy does not bind. A promise is waited for.
func js[T any](v *visitor, script string, args ...any) T {
	v.t.Helper()
	answer, err := try[T](v, script, args...)
	if err != nil {
		v.t.Fatalf("%v\n%s", err, v.where())
	}
	return answer
}

// try is js that may fail.
func try[T any](v *visitor, script string, args ...any) (none T, err error) {
	quoted := make([]any, len(args))
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return none, err
		}
		quoted[i] = string(text)
	}
	ctx, cancel := context.WithTimeout(v.tab, 30*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf(script, quoted...), chromedp.EvalAwaitPromise))
}

// until waits until a script says yes. While one page gives way to another it may fail.
func (v *visitor) until(what, script string, args ...any) {
	v.t.Helper()
	var yes bool
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if yes, err = try[bool](v, script, args...); yes {
			return
		}
	}
	v.t.Fatalf("it never happened: %s (%v)\n%s", what, err, v.where())
}

// press sends keys, as a person types them.
func (v *visitor) press(keys string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(keys))
}
