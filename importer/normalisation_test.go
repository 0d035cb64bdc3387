package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/importer/normalize"
)

// TestNormalisationIsAsDocumented runs every example of docs/normalisation.md, by the functions that show a normal form
// and by those that an import uses.
func TestNormalisationIsAsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/normalisation.md")
	if err != nil {
		t.Fatal(err)
	}
	click := fmt.Sprint(noon().Add(-24 * time.Hour).UnixMilli())
	examples, explained := map[string]int{}, map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| key ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if len(cells) != 6 {
			t.Errorf("line %d has %d cells", i+1, len(cells))
			continue
		}
		name := strings.TrimSpace(cells[0])
		k, ok := event.ParseKey(name)
		if !ok {
			t.Errorf("line %d: %q is no key", i+1, name)
			continue
		}
		examples[name]++
		if strings.TrimSpace(cells[1]) != "" && strings.TrimSpace(cells[5]) != "" {
			explained[name] = true
		}
		value, setting := quoted(t, strings.ReplaceAll(cells[2], "CLICK", click))
		normal, hash := documented(t, k, value, setting)
		want, _ := strings.CutPrefix(strings.ReplaceAll(strings.TrimSpace(cells[3]), "CLICK", click), "`")
		if want = strings.TrimSuffix(want, "`"); normal != want {
			t.Errorf("line %d: %s %q %s became %q, documented is %q", i+1, name, value, setting, normal, want)
		}
		if want := strings.Trim(strings.TrimSpace(cells[4]), "`"); hash != want {
			t.Errorf("line %d: %s %q %s has the hash %s, documented is %s", i+1, name, value, setting, hash, want)
		}
	}
	for _, k := range event.Keys() {
		if name := k.String(); k.Hashed() && (examples[name] < 5 || !explained[name]) {
			t.Errorf("%s has %d examples, explained %v", name, examples[name], explained[name])
		}
	}
}

// quoted takes a cell apart into the value between backquotes and what follows.
func quoted(t *testing.T, cell string) (value, setting string) {
	t.Helper()
	_, rest, _ := strings.Cut(cell, "`")
	value, setting, ok := strings.Cut(rest, "`")
	if !ok {
		t.Fatalf("%q has no value in backquotes", cell)
	}
	return value, strings.TrimSpace(setting)
}

// documented is what a value becomes and its hash, both as the page writes them.
func documented(t *testing.T, k event.Key, value, setting string) (normal, hash string) {
	t.Helper()
	country, layout := "", ""
	if c, ok := strings.CutPrefix(setting, "in "); ok {
		country = c
	} else if f, ok := strings.CutPrefix(setting, "as "); ok {
		l, err := compileLayout(f)
		if err != nil {
			t.Fatal(err)
		}
		layout = l.text
	} else if setting != "" {
		t.Fatalf("%q says neither a country nor a form", setting)
	}
	if !k.Hashed() {
		normal, ok := plainIdentifier(k, value, noon())
		if !ok {
			return "*dropped*", "—"
		}
		return normal, "*not hashed*"
	}
	normal, note := normalForm(k, value, country, layout)
	m := newMapper(&binding{Mapping: &Mapping{country: strings.ToLower(country), birth: layout, hashID: true, clock: clock{zone: time.UTC}}}, noon())
	m.country = country
	m.identifier(k, value)
	var sent event.HashedValue
	if all := m.event.User.Hashed(); len(all) > 0 {
		sent = all[0]
	}
	warned := len(m.warnings) > 0
	switch dropped := k == event.ExternalID && event.DestroyedID(value); {
	case note == normalize.Missing:
		if sent.Key != 0 || warned {
			t.Errorf("%s %q is missing; sent is %x, with %v", k, value, sent.Hash, m.warnings)
		}
		return "*missing*", "—"
	case note.Dropped(), dropped:
		if sent.Key != 0 || !warned {
			t.Errorf("%s %q is dropped; sent is %x, with %v", k, value, sent.Hash, m.warnings)
		}
		return "*dropped*", "—"
	case warned != (note == normalize.ZeroRestored):
		t.Errorf("%s %q has the warnings %v", k, value, m.warnings)
	}
	if want := sha256.Sum256([]byte(normal)); note != normalize.Prehashed && sent.Hash != want {
		t.Errorf("%s %q is sent as %x, and %q has the hash %x", k, value, sent.Hash, normal, want)
	}
	return normal, hex.EncodeToString(sent.Hash[:])
}

func normalForm(k event.Key, value, country, layout string) (string, normalize.Note) {
	switch k {
	case event.Email:
		return normalize.NormalEmail(value)
	case event.Phone:
		return normalize.NormalPhone(value, country, "")
	case event.FirstName:
		return normalize.NormalFirstName(value)
	case event.LastName:
		return normalize.NormalLastName(value)
	case event.Birth:
		return normalize.NormalBirth(value, layout, noon())
	case event.Gender:
		return normalize.NormalGender(value, country, "")
	case event.City:
		return normalize.NormalCity(value)
	case event.State:
		return normalize.NormalState(value, country)
	case event.Zip:
		return normalize.NormalZip(value, country)
	case event.Country:
		return normalize.NormalCountry(value)
	}
	return normalize.NormalExternalID(value, false)
}
