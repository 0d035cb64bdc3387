package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// withCompanions has the commands of scripts run by companions, unless CAPIBARA_LONG_TESTS is set: then each is a process of its
// own, as the scripts have it.
func withCompanions(t *testing.T, p *testscript.Params) {
	t.Helper()
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		return
	}
	set, setup := variables(t, p.Dir), p.Setup
	p.Dir = accompaniedScripts(t, p.Dir)
	p.Cmds["companion"] = runCompanion
	p.Setup = func(e *testscript.Env) error {
		if err := setup(e); err != nil {
			return err
		}
		e.Values[variablesKey{}] = allVariables(e.Vars, set)
		return nil
	}
}

// accompaniedScripts are the scripts in dir, in which a command that runs to its end is a companion's, not a process of its own:
//
//	exec capibara ARGS         companion ARGS
//	exitcode N capibara ARGS   exitcode N companion ARGS
//	waitfor capibara ARGS      waitfor companion ARGS
//
// What is fed with stdin or ttyin, and what runs in the background, stays as it is.
func accompaniedScripts(t *testing.T, dir string) string {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	to := t.TempDir()
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(script)), []byte(accompaniedScript(string(text))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

var (
	foregroundForm = regexp.MustCompile(`^((?:\[[^\]]*\]\s*)*(?:!\s+)?)(?:exec\s+|(exitcode\s+\d+\s+|waitfor\s+))capibara\b(.*)$`)
	backgroundForm = regexp.MustCompile(`\s&(\w+&)?\s*$`)
	feedForm       = regexp.MustCompile(`^(\[[^\]]*\]\s*)*(stdin|ttyin)\s`)
	filesForm      = regexp.MustCompile(`(?m)^-- .* --\s*$`)
	environForm    = regexp.MustCompile(`(?m)^(?:\[[^\]]*\]\s*)*env\s.*$`)
	variableForm   = regexp.MustCompile(`\s'?(\w+)=`)
)

func accompaniedScript(text string) string {
	commands, files := text, ""
	if at := filesForm.FindStringIndex(text); at != nil {
		commands, files = text[:at[0]], text[at[0]:]
	}
	lines, fed := strings.Split(commands, "\n"), false
	for i, line := range lines {
		if m := foregroundForm.FindStringSubmatch(line); m != nil && !fed && !backgroundForm.MatchString(line) {
			lines[i] = m[1] + m[2] + "companion" + m[3]
		}
		fed = feedForm.MatchString(line)
	}
	return strings.Join(lines, "\n") + files
}

// variables are the names of those that scripts set.
func variables(t *testing.T, dir string) []string {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range environForm.FindAllString(string(text), -1) {
			for _, m := range variableForm.FindAllStringSubmatch(line, -1) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// variablesKey finds the names of all variables that a script's commands may have: testscript does not list them.
type variablesKey struct{}

// allVariables are those that testscript and its Setup set, that scripts set, and that commands of a script set.
func allVariables(vars, scripts []string) []string {
	names := append([]string{"SANDBOX", "SSL_CERT_FILE", "HTTPS_PROXY"}, scripts...)
	for _, v := range vars {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func environ(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range ts.Value(variablesKey{}).([]string) {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "PWD="+ts.MkAbs("."))
}

// inCompanion runs a command of a script, and returns its exit code.
func inCompanion(ts *testscript.TestScript, args []string) int {
	o, err := accompanying.do(errand{Args: args, Env: environ(ts)})
	ts.Check(err)
	_, err = ts.Stdout().Write(o.Stdout)
	_, serr := ts.Stderr().Write(o.Stderr)
	ts.Check(errors.Join(err, serr))
	return o.Code
}

func runCompanion(ts *testscript.TestScript, neg bool, args []string) {
	if code := inCompanion(ts, args); (code != exitOK) != neg {
		ts.Fatalf("capibara %s ended with exit code %d", strings.Join(args, " "), code)
	}
}

// exitCodeOf runs a command, in a process of its own or a companion, and returns its exit code.
func exitCodeOf(ts *testscript.TestScript, args []string) int {
	if args[0] == "companion" {
		return inCompanion(ts, args[1:])
	}
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return exitOK
}

// TestAccompaniedScript says which commands of a script are a companion's.
func TestAccompaniedScript(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, script, want string }{
		{"a command", "exec capibara status", "companion status"},
		{"one that has to fail", "! exec capibara status --check", "! companion status --check"},
		{"behind a condition", "[unix] ! exec capibara status", "[unix] ! companion status"},
		{"with an exit code", "exitcode 2 capibara stauts", "exitcode 2 companion stauts"},
		{"waited for", "! waitfor capibara status", "! waitfor companion status"},
		{"in the background", "exec capibara run &", "exec capibara run &"},
		{"in the background, with a name", "exec capibara run &daemon&", "exec capibara run &daemon&"},
		{"fed", "stdin no\nexitcode 1 capibara adopt\nexec capibara adopt", "stdin no\nexitcode 1 capibara adopt\ncompanion adopt"},
		{"at a terminal", "ttyin -stdin answers\nexec capibara map a.csv", "ttyin -stdin answers\nexec capibara map a.csv"},
		{"by a shell", "exec sh -c 'exec capibara status'", "exec sh -c 'exec capibara status'"},
		{"another command", "exec grep capibara a", "exec grep capibara a"},
		{"in a file", "exec capibara init\n-- a --\nexec capibara init\n", "companion init\n-- a --\nexec capibara init\n"},
	} {
		if got := accompaniedScript(tc.script); got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got, tc.want)
		}
	}
	if names := variables(t, "testdata/script"); !slices.Contains(names, "CAPIBARA_GRAPH_BASE_URL") {
		t.Errorf("scripts set %q", names)
	}
}
