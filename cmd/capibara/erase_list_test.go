package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestListed reads lists as spreadsheets and people write them, and says of what is no list where it is wrong, without repeating it.
func TestListed(t *testing.T) {
	t.Parallel()
	anna := []identifier{{byEmail, "anna@example.com"}}
	for name, c := range map[string]struct {
		text, wrong string
		want        []identifier
	}{
		"with a heading":                {"kind,value\nemail,anna@example.com\n", "", anna},
		"of a spreadsheet, all quoted":  {"\ufeff\"kind\",\"value\"\r\n\"email\",\"anna@example.com\"\r\n", "", anna},
		"with a mark and no heading":    {"\ufeffemail,anna@example.com", "", anna},
		"with notes and blank lines":    {"# asked on Monday\n\n external-id , C-17\n", "", []identifier{{byExternalID, "C-17"}}},
		"empty":                         {"", "", nil},
		"a quotation mark without end":  {"email,\"anna@example.com\n", "at line 1", nil},
		"a quotation mark in the first": {"em\"ail,anna@example.com\n", "at line 1", nil},
		"with semicolons":               {"email;anna@example.com\n", "line 1 of the list does not begin", nil},
		"two values":                    {"email,anna@example.com\nemail,anna@example.com,x\n", "line 2 of the list does not hold", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "list.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := (&app{}).listed(path)
			if !slices.Equal(got, c.want) || (err == nil) != (c.wrong == "") {
				t.Fatalf("%q, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "anna")) {
				t.Errorf("it says %v", err)
			}
		})
	}
	if _, err := (&app{}).listed(t.TempDir()); err == nil || strings.Contains(err.Error(), "line") {
		t.Errorf("of a folder it says %v", err)
	}
}
