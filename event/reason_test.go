package event

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declaredReasons reads the constants from the source, by name.
func declaredReasons(t *testing.T) map[string]Reason {
	t.Helper()
	files, err := filepath.Glob("reason_*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Reason{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Reason" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				all[spec.Names[0].Name] = Reason(code)
			}
			return true
		})
	}
	return all
}

func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	declared := declaredReasons(t)
	listed := Reasons()
	if len(declared) < 80 || len(declared) != len(listed) {
		t.Errorf("%d reasons are declared and %d listed", len(declared), len(listed))
	}
	for name, r := range declared {
		if !slices.Contains(listed, r) {
			t.Errorf("%s is not listed", name)
		}
		if plain := "reason" + strings.ReplaceAll(string(r), "_", ""); strings.ToLower(name) != plain {
			t.Errorf("%s has the code %s", name, r)
		}
	}
	sentences := map[string]Reason{}
	for i, r := range listed {
		if slices.Contains(listed[:i], r) {
			t.Errorf("%s is listed twice", r)
		}
		if !r.Known() {
			t.Errorf("%s is not explained", r)
		}
		if s := r.Severity(); s != Reject && s != Skip && s != Warn {
			t.Errorf("%s has the severity %d", r, s)
		}
		for _, s := range []string{r.Sentence(), r.Fix()} {
			if len(s) < 15 || !strings.HasSuffix(s, ".") || strings.HasSuffix(s, "..") || s[0] < 'A' || s[0] > 'Z' ||
				strings.ContainsAny(s, "%{}[]<>\n") || strings.Contains(s, "  ") || strings.Contains(s, "TODO") {
				t.Errorf("%s: not a full sentence: %q", r, s)
			}
		}
		if other, twice := sentences[r.Sentence()]; twice {
			t.Errorf("%s and %s read the same", r, other)
		}
		sentences[r.Sentence()] = r
		if strings.HasPrefix(string(r), "dropped_") && r.Severity() != Warn {
			t.Errorf("%s drops an event", r)
		}
	}
}

func TestUnknownReasonIsStillTold(t *testing.T) {
	t.Parallel()
	r := Reason("from_the_future")
	if r.Known() || r.Severity() != Reject || !strings.Contains(r.Sentence(), "from_the_future") || !strings.HasSuffix(r.Fix(), ".") {
		t.Errorf("%s: %s %s", r.Severity(), r.Sentence(), r.Fix())
	}
}

func TestSeverity(t *testing.T) {
	t.Parallel()
	for r, want := range map[Reason]Severity{ReasonValueMissing: Reject, ReasonIdentifierMissing: Skip, ReasonIdentifierWeak: Skip,
		ReasonFutureWaits: Warn, ReasonStageNotMapped: Skip, ReasonRefund: Skip, ReasonZeroSale: Skip,
		ReasonRaggedRow: Reject, ReasonSameIDTwice: Warn, ReasonRejectedByMeta: Reject, ReasonTooOld: Skip} {
		if r.Severity() != want {
			t.Errorf("%s is a %s", r, r.Severity())
		}
	}
	if Warn.String() != "warn" || Skip.String() != "skip" || Reject.String() != "reject" || Severity(0).String() != "unknown" {
		t.Error("a severity has another name")
	}
	if Reject <= Skip || Skip <= Warn {
		t.Error("severities are not ordered")
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		p               Problem
		error, sentence string
	}{
		{Problem{Reason: ReasonZeroSale}, "zero_sale", "The sale has an amount of zero."},
		{Problem{Reason: ReasonZeroSale, Member: "Amount"}, "zero_sale (Amount)", "The sale has an amount of zero (Amount)."},
		{Problem{Reason: ReasonZeroSale, Detail: "line 3"}, "zero_sale (line 3)", "The sale has an amount of zero (line 3)."},
		{Problem{ReasonZeroSale, "Amount", "line 3"}, "zero_sale (Amount: line 3)", "The sale has an amount of zero (Amount: line 3)."},
	}
	for _, test := range tests {
		if test.p.Error() != test.error || test.p.Sentence() != test.sentence {
			t.Errorf("%s / %s", test.p.Error(), test.p.Sentence())
		}
	}
	var as Problem
	if err := error(tests[3].p); !errors.As(err, &as) || as.Severity() != Skip || as.Fix() != ReasonZeroSale.Fix() {
		t.Error("a problem is no error that can be found again")
	}
}

func TestDropped(t *testing.T) {
	t.Parallel()
	for _, k := range Keys() {
		r := Dropped(k)
		if r.Severity() != Warn {
			t.Errorf("Dropped(%s) = %s is a %s", k, r, r.Severity())
		}
		if k.Hashed() && r == ReasonDroppedIdentifier {
			t.Errorf("%s has no warning of its own", k)
		}
	}
	if Dropped(Birth) != "dropped_date_of_birth" || Dropped(FBC) != ReasonFBCDropped || Dropped(MADID) != ReasonDroppedIdentifier {
		t.Error("another warning")
	}
}
