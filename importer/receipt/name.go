package receipt

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how much of a file's name, in bytes, the name of its receipt keeps: Windows bounds a whole path, and most file
// systems a name to 255 bytes.
const maxName = 120

// Ext is the ending of every receipt.
const Ext = ".html"

// StatusName is the name of the page that says how everything stands. No receipt has it.
const StatusName = "_STATUS.html"

// FileName is the name of a receipt, such as "deals.csv - accepted 312, rejected 4.html". It is fit for every file system,
// Windows and its network shares included, whatever the file was named. Two files may have the same; see NumberedName.
func FileName(r Receipt) string { return stem(r) + Ext }

// NumberedName is the name of a receipt whose FileName another one has. again tells those apart whose file numbers are the
// same, as in two homes; it begins at 1.
func NumberedName(r Receipt, again int) string {
	number := fmt.Sprintf(" (file %d", r.Mark.File)
	if again > 1 {
		number += fmt.Sprintf(", %d", again)
	}
	return stem(r) + number + ")" + Ext
}

func stem(r Receipt) string {
	name := safeName(r.Name) + " - "
	if r.Refused != "" {
		return name + "refused"
	}
	c := r.Counts
	name += fmt.Sprintf("accepted %d, rejected %d", c.Accepted, c.Rejected)
	if c.Accepted == 0 && c.Duplicate > 0 {
		name += fmt.Sprintf(", duplicate %d", c.Duplicate)
	}
	return name
}

// safeName replaces what some file system, shell or eye would stumble over.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, strings.ContainsRune(`<>:"/\|?*`, r), r != ' ' && !unicode.IsPrint(r):
			return '_'
		}
		return r
	}, name)
	if len(name) > maxName {
		end := maxName - len("…")
		for !utf8.RuneStart(name[end]) {
			end--
		}
		name = name[:end] + "…"
	}
	name = strings.TrimRight(name, " .")
	trimmed := strings.TrimLeft(name, " ")
	switch {
	case trimmed == "":
		return "_"
	case trimmed != name, strings.ContainsRune(".-~$", rune(name[0])), reserved(name):
		return "_" + trimmed
	}
	return name
}

// reserved reports whether Windows takes a name for a device, whatever its ending.
func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if rest, ok := strings.CutPrefix(base, port); ok && strings.Contains("0123456789¹²³", rest) && utf8.RuneCountInString(rest) == 1 {
			return true
		}
	}
	return false
}
