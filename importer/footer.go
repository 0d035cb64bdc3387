package importer

import "strings"

// footer reports whether a line of another width than the header is what reports print below their records: the name
// of the report, who made it and whose it is.
func footer(record string, delimiter byte, cells, width int, flag spanFlag) bool {
	first, _, _ := nextCell(record, delimiter)
	return footerWord(first) || cells == 1 && width >= 3 && (flag&spanTail != 0 || totalWord(first))
}

// footerWord reports whether a line begins as those do that reports print below their records. Every line is asked, so that
// what cannot be one is told by its first letter.
func footerWord(first string) bool {
	if len(first) < 10 || strings.IndexByte("cefgrt", first[0]|0x20) < 0 || strings.IndexByte(first[:min(len(first), 14)], ' ') < 0 {
		return false
	}
	f := fold(first[:min(len(first), 60)])
	for _, start := range []string{"copyrightc", "copyright1", "copyright2", "confidentialinformationdonotdistribute", "generatedby", "generatedon",
		"reportgenerated", "exportedby", "exportedon", "filteredby", "totalrecords", "totalrows", "grandtotal"} {
		if strings.HasPrefix(f, start) {
			return true
		}
	}
	return false
}
