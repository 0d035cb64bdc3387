package capi

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dataIndex finds data[12], $['data'][12], ['data']['12'] and data.12 in a text.
var dataIndex = regexp.MustCompile(`\bdata['"]?\]?(?:\[['"]?|\.)([0-9]{1,4})\b`)

// maxBlameDepth bounds how deep error_data is followed.
const maxBlameDepth = 8

// blameHints returns the indexes of data that an error points at, ascending, each under n. Some messages name a path,
// and error_data.blame_field_specs may, as an object or as a string that holds one. They are hints: they come from
// texts, so they may shorten a search and never decide one.
func blameHints(g *graphError, n int) []int {
	var hints []int
	add := func(digits string) {
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && i < n && !slices.Contains(hints, i) {
			hints = append(hints, i)
		}
	}
	scan := func(s string) {
		for _, m := range dataIndex.FindAllStringSubmatch(s, MaxEvents) {
			add(m[1])
		}
	}
	scan(g.message)
	scan(g.userText)
	if specs, ok := blameSpecs(g); ok {
		followSpecs(specs, maxBlameDepth, scan, add)
	}
	slices.Sort(hints)
	return hints
}

// blameSpecs is error_data.blame_field_specs, whichever way it is written.
func blameSpecs(g *graphError) (specs any, ok bool) {
	data := g.data
	if s := text(data); s != "" {
		data = json.RawMessage(s)
	}
	members, ok := object(data)
	return specs, ok && json.Unmarshal(members["blame_field_specs"], &specs) == nil
}

// dataMember finds what follows the index in $['data'][12]['user_data']['em'] and data[12].user_data.em. Meta's names are
// small letters and underscores: nothing of a record gets through.
var (
	dataMember = regexp.MustCompile(`\bdata['"]?\]?(?:\[['"]?|\.)[0-9]{1,4}['"]?\]?((?:\[['"][a-z_]{2,40}['"]\]|\.[a-z_]{2,40}\b)+)`)
	memberName = regexp.MustCompile(`[a-z_]{2,40}`)
)

// blamedMember is the member that the path in an error leads to, such as user_data.em; "" when none does.
func blamedMember(g *graphError) (member string) {
	scan := func(s string) {
		if m := dataMember.FindStringSubmatch(s); m != nil && member == "" {
			member = strings.Join(memberName.FindAllString(m[1], -1), ".")
		}
	}
	scan(g.message)
	scan(g.userText)
	if specs, ok := blameSpecs(g); ok {
		followMembers(specs, maxBlameDepth, scan)
	}
	return member
}

// followMembers turns specs such as [["data","12","user_data"]] into the paths that scan reads.
func followMembers(specs any, depth int, scan func(string)) {
	if depth == 0 {
		return
	}
	switch v := specs.(type) {
	case string:
		scan(v)
	case []any:
		var path []string
		for _, element := range v {
			followMembers(element, depth-1, scan)
			switch part := element.(type) {
			case string:
				path = append(path, part)
			case float64:
				path = append(path, strconv.FormatFloat(part, 'f', -1, 64))
			}
		}
		scan(strings.Join(path, "."))
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			scan(key)
			followMembers(v[key], depth-1, scan)
		}
	}
}

// followSpecs reads specs such as [["data","12","user_data"]], [["data[12]"]] and {"data":{"12":…}}.
func followSpecs(specs any, depth int, scan, add func(string)) {
	if depth == 0 {
		return
	}
	switch v := specs.(type) {
	case string:
		scan(v)
	case []any:
		for i, element := range v {
			if element == "data" && i+1 < len(v) {
				switch index := v[i+1].(type) {
				case string:
					add(index)
				case float64:
					add(strconv.FormatFloat(index, 'f', -1, 64))
				}
			}
			followSpecs(element, depth-1, scan, add)
		}
	case map[string]any:
		for key, element := range v {
			scan(key)
			if under, ok := element.(map[string]any); ok && key == "data" {
				for index := range under {
					add(index)
				}
			}
			followSpecs(element, depth-1, scan, add)
		}
	}
}
