package importer

// kindPeople is the kind of a source whose records are people.
const kindPeople = "people"

// Join says which people a record is about: those whose record_key in a source of kind people stands in a column.
type Join struct {
	Column string `json:"column,omitempty"` // header; "" does not join
	Source string `json:"source,omitempty"` // name of a source of kind people; "" takes all of them
}

// UnmarshalYAML reads "Contact ID" or {column: Contact ID, source: contacts}.
func (j *Join) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if err := unmarshal(&column); err == nil {
		*j = Join{Column: column}
		return nil
	}
	var long struct {
		Column string `yaml:"column"`
		Source string `yaml:"source"`
	}
	if err := unmarshal(&long); err != nil {
		return err
	}
	*j = Join(long)
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (j Join) MarshalYAML() (any, error) {
	if j.Source == "" {
		return j.Column, nil
	}
	return map[string]string{"column": j.Column, "source": j.Source}, nil
}
