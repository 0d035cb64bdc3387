package web

import "testing"

func TestSplitSentence(t *testing.T) {
	for name, tc := range map[string][3]string{
		"one sentence":         {"Nothing waits.", "Nothing waits.", ""},
		"two":                  {"Nothing waits. Next upload Sun.", "Nothing waits.", "Next upload Sun."},
		"a code in brackets":   {"It is stopped. (Meta's code 4.) 3 events wait.", "It is stopped. (Meta's code 4.)", "3 events wait."},
		"a name with a stop":   {"File 2 (a.b c.csv) is halted. `capibara allow` lets it go.", "File 2 (a.b c.csv) is halted.", "`capibara allow` lets it go."},
		"a stop in a command":  {"Run `capibara x. Y` now. Then wait.", "Run `capibara x. Y` now.", "Then wait."},
		"nothing":              {"", "", ""},
		"a stop and no letter": {"Wait. – or not.", "Wait. – or not.", ""},
	} {
		if first, rest := splitSentence(tc[0]); first != tc[1] || rest != tc[2] {
			t.Errorf("%s: %q, %q", name, first, rest)
		}
	}
}

func TestSaidLeadsToPages(t *testing.T) {
	for name, tc := range map[string][2]string{
		"a history":              {"See `capibara history events --state held --record-key k1`.", `See <a href="/events?record_key=k1&amp;state=held"><code>capibara history events --state held --record-key k1</code></a>.`},
		"an explanation":         {"`capibara explain 100/2804003`", `<a href="/rules?explain=100%2F2804003#explained"><code>capibara explain 100/2804003</code></a>`},
		"something that acts":    {"Run `capibara upload`.", `Run <code>capibara upload</code>.`},
		"a flag without a value": {"`capibara history events --changed --state held`", `<code>capibara history events --changed --state held</code>`},
		"markup":                 {"<b>`<i>`\u202e", "&lt;b&gt;<code>&lt;i&gt;</code>\ufffd"},
	} {
		if got := string(said(tc[0])); got != tc[1] {
			t.Errorf("%s: %s", name, got)
		}
	}
}
