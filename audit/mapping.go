package audit

import "github.com/goccy/go-yaml"

// MappingYAML is the mapping of a source, which is kept as JSON, as people read it; as it is when it is no JSON, as an early version
// may have kept it.
func MappingYAML(mapping string) string {
	text, err := yaml.JSONToYAML([]byte(mapping))
	if err != nil {
		return mapping
	}
	return string(text)
}
