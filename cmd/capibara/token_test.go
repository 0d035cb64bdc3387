package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const goodToken = "EAABsbCS1iHgBO7ZCexampleONLYzdQZDZD"

func TestCleanToken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want, says string }{
		{"plain", goodToken, goodToken, ""},
		{"line break", goodToken + "\r\n", goodToken, ""},
		{"mark and spaces", "\ufeff  " + goodToken + " \n\n", goodToken, ""},
		{"no-break and zero-width spaces", "\u00a0\u200b" + goodToken + "\u200b", goodToken, ""},
		{"quotes", `"` + goodToken + `"`, goodToken, ""},
		{"curly quotes within straight ones", "'“" + goodToken + "”'\n", goodToken, ""},
		{"Bearer", "Bearer " + goodToken, goodToken, ""},
		{"a whole header", `"Authorization: bearer  ` + goodToken + `"`, goodToken, ""},
		{"of an app", "1234567890|aBc-D_e", "1234567890|aBc-D_e", ""},
		{"empty", " \n", "", "is empty"},
		{"nothing but quotes", `""`, "", "is empty"},
		{"Bearer alone", "Bearer \n", "", "is empty"},
		{"two lines", "# my token\n" + goodToken, "", "several lines"},
		{"a space inside", goodToken[:10] + " " + goodToken[10:], "", "a space inside"},
		{"an ad account", "act_1234567890123", "", "ad account"},
		{"the dataset", "1234567890123456", "", "the id of the dataset"},
		{"another number", "9876543210123456", "", "a number"},
		{"an address", "https://graph.facebook.com/v26.0/me?access_token=" + goodToken, "", "address of a page"},
		{"a setting", "access_token=" + goodToken, "", "a name before"},
		{"our own setting", "CAPIBARA_TOKEN_MAIN=" + goodToken, "", "a name before"},
		{"an app secret", "0123456789abcdef0123456789abcdef", "", "app secret"},
		{"cut off", goodToken + "...", "", "cut off"},
		{"JSON", `{"access_token":"` + goodToken + `"}`, "", "characters"},
		{"a placeholder", "<access-token>", "", "characters"},
		{"a mark inside", goodToken[:10] + "\u200b" + goodToken[10:], "", "characters"},
		{"another script", goodToken + "é", "", "characters"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := cleanToken(tc.text, "1234567890123456")
			if got != tc.want || (err == nil) != (tc.says == "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if err == nil {
				return
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("it says %q, want %q", err, tc.says)
			}
			for _, part := range []string{goodToken[:10], goodToken[10:], "1234567890"} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("the error tells %q", part)
				}
			}
		})
	}
}

func TestCleanAppSecret(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	for text, says := range map[string]string{
		secret: "", "\ufeff" + secret + "\r\n": "", "'" + secret + "'": "",
		"": "is empty", goodToken: "access token", "1234567890123456": "number", secret + "\nx": "several lines", secret[:5] + " " + secret[5:]: "characters",
	} {
		got, err := cleanAppSecret(text, "")
		if (err == nil) != (says == "") || err == nil && got != secret || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func FuzzCleanToken(f *testing.F) {
	for _, seed := range []string{goodToken, `"Bearer ` + goodToken + `"`, "act_1", "''“", "\ufeff\"", "Authorization: Bearer Bearer x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := cleanToken(text, "1")
		if err == nil && (!tokenForm.MatchString(got) || !strings.Contains(text, got)) {
			t.Errorf("%q becomes %q", text, got)
		}
		if again, _ := cleanToken(got, "1"); err == nil && again != got {
			t.Errorf("%q becomes %q and then %q", text, got, again)
		}
	})
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLookToken finds the token in its three places, and in the order that is documented. It sets the environment.
func TestLookToken(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "token.txt"), "\xff\xfeE\x00A\x00A\x00f\x00\n\x00", 0o600) // as an editor on Windows saves it
	d := datasetConfig{ID: "1234567890", AccessTokenFile: file}
	want := func(text, from string) {
		t.Helper()
		f, err := lookToken("shop-nl", d)
		if err != nil || f.text != text || !strings.Contains(f.from, from) || f.loose != "" {
			t.Errorf("found %q in %s (%s), %v", f.text, f.from, f.loose, err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	want("EAAf", "token.txt")
	credentials := filepath.Join(dir, "credentials")
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	want("EAAf", "token.txt") // none for this dataset
	write(t, filepath.Join(credentials, "capibara-token-shop-nl"), "EAAc\n", 0o400)
	want("EAAc", "systemd credential capibara-token-shop-nl")
	t.Setenv("CAPIBARA_TOKEN_SHOP_NL", " \n")
	want("EAAc", "systemd")
	t.Setenv("CAPIBARA_TOKEN_SHOP_NL", "'EAAe'\n")
	want("EAAe", "CAPIBARA_TOKEN_SHOP_NL")
	// What comes first and is wrong is not passed over.
	t.Setenv("CAPIBARA_TOKEN_SHOP_NL", "act_123456")
	if f, err := lookToken("shop-nl", d); err == nil || exitCode(err) != exitCredentials || !strings.Contains(err.Error(), "CAPIBARA_TOKEN_SHOP_NL holds the id of an ad account") {
		t.Errorf("found %q, %v", f.text, err)
	}
	t.Setenv("CAPIBARA_TOKEN_SHOP_NL", "")
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	// The file is read anew each time.
	write(t, file, "EAAg", 0o600)
	want("EAAg", "token.txt")
	write(t, file, strings.Repeat("x", maxKey+1), 0o600)
	if _, err := lookToken("shop-nl", d); !errors.Is(err, errKeyTooLarge) || !strings.Contains(err.Error(), "token.txt") {
		t.Errorf("a file that is too large: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := lookToken("shop-nl", d); err == nil || !strings.Contains(hintOf(err), "capibara token set shop-nl") {
		t.Errorf("no file: %v, %s", err, hintOf(err))
	}
	d.AccessTokenFile = ""
	if _, err := lookToken("shop-nl", d); err == nil || !strings.Contains(hintOf(err), "CAPIBARA_TOKEN_SHOP_NL") {
		t.Errorf("no place: %v, %s", err, hintOf(err))
	}

	if f, err := lookAppSecret("shop-nl", d); err != nil || f.text != "" {
		t.Errorf("without an app secret: %q, %v", f.text, err)
	}
	d.AppSecretFile = write(t, filepath.Join(dir, "secret.txt"), "0123456789abcdef0123456789abcdef\n", 0o600)
	if f, err := lookAppSecret("shop-nl", d); err != nil || f.from != d.AppSecretFile {
		t.Errorf("an app secret in a file: %v", err)
	}
	t.Setenv("CAPIBARA_APP_SECRET_SHOP_NL", goodToken)
	if _, err := lookAppSecret("shop-nl", d); err == nil || !strings.Contains(err.Error(), "CAPIBARA_APP_SECRET_SHOP_NL holds an access token") {
		t.Errorf("a token as an app secret: %v", err)
	}
}

func TestTokenFileIsKept(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	for _, tc := range []struct {
		name    string
		mode    os.FileMode
		loose   bool
		refused bool
	}{
		{"for the owner alone", 0o600, false, false},
		{"for a group too", 0o640, false, false},
		{"for all to read", 0o644, true, false},
		{"for all to write", 0o666, false, true},
		{"for all to write, on a file system without modes", 0o777, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, filepath.Join(dir, tc.name), goodToken, tc.mode)
			f, err := lookToken("kept", datasetConfig{AccessTokenFile: path})
			if (err != nil) != tc.refused || (f.loose != "") != tc.loose || err == nil && f.text != goodToken {
				t.Errorf("loose: %q, %v", f.loose, err)
			}
			if said := f.loose + hintOf(err); (tc.loose || tc.refused) && !strings.Contains(said, "chmod 600") && !strings.Contains(said, "token set") {
				t.Errorf("no way out: %s", said)
			}
		})
	}
	t.Run("mounted by Kubernetes", func(t *testing.T) {
		t.Parallel()
		volume := filepath.Join(dir, "volume")
		write(t, filepath.Join(volume, "..2026_11_28", "token"), goodToken, 0o666)
		for from, to := range map[string]string{"..data": "..2026_11_28", "token": "..data/token"} {
			if err := os.Symlink(to, filepath.Join(volume, from)); err != nil {
				t.Fatal(err)
			}
		}
		f, err := lookToken("kept", datasetConfig{AccessTokenFile: filepath.Join(volume, "token")})
		if err != nil || f.text != goodToken || f.loose == "" {
			t.Errorf("loose: %q, %v", f.loose, err)
		}
		if _, err := writeKey(filepath.Join(volume, "token"), "EAAother"); err == nil || !strings.Contains(err.Error(), "Kubernetes") {
			t.Errorf("it was written: %v", err)
		}
	})
}

func TestWriteKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "token.txt")
	for _, text := range []string{"EAAfirst", "EAAsecond"} {
		got, err := writeKey(path, text)
		if err != nil || got != path {
			t.Fatal(got, err)
		}
		if read, err := readKey(path); err != nil || read != text+"\n" {
			t.Errorf("read %q, %v", read, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	link := filepath.Join(dir, "link.txt")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no links here")
	}
	if got, err := writeKey(link, "EAAthird"); err != nil || !strings.HasSuffix(got, filepath.Join("deep", "token.txt")) {
		t.Error(got, err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "deep", ".capibara-token-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := writeKey(dir, "EAAx"); err == nil {
		t.Error("a folder was replaced")
	}
}

func TestDatasetID(t *testing.T) {
	t.Parallel()
	for id, says := range map[string]string{
		"1234567890123456":        "",
		"12345":                   "",
		"act_1234567890":          "is the id of an ad account",
		"ACT1234567890":           "is the id of an ad account",
		"1234 5678 9012 3456":     `write the digits alone: "1234567890123456"`,
		"'1234567890123456'":      `write the digits alone: "1234567890123456"`,
		"1.234.567.890.123":       `write the digits alone: "1234567890123"`,
		"“1234567890123456”":      `write the digits alone: "1234567890123456"`,
		"1234567890\u200b123456":  `write the digits alone: "1234567890123456"`,
		"1.23457E+15":             "rewritten by a spreadsheet",
		"0123456789":              "does not begin with 0",
		"12":                      "about 16 digits",
		"my pixel":                "is no dataset id",
		goodToken:                 "looks like an access token",
		strings.Repeat("zz", 100): "is no dataset id",
		"https://business.facebook.com/events_manager2/list/dataset/1234567890123456/overview": `If it is the dataset's, that is "1234567890123456"`,
		"http://example.com": "address of a page",
	} {
		err := checkDatasetID(id)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", id, err)
		}
		if err != nil && strings.Contains(err.Error(), goodToken) {
			t.Errorf("the token is told: %v", err)
		}
	}
}

func TestNamesThatShareAVariable(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Datasets = map[string]datasetConfig{"shop-nl": {ID: "1234567890"}, "shop_nl": {ID: "2222222222"}}
	if err := c.check(); err == nil || !strings.Contains(err.Error(), "CAPIBARA_TOKEN_SHOP_NL") {
		t.Errorf("got %v", err)
	}
}
