package importer

// The words that group_by takes.
const (
	groupByRecordKey = "record_key"
	valueOnce        = "once"
	valueSum         = "sum"
)

// GroupBy says that the lines of a table that follow one another and have one record_key are one record, as in exports
// with a line for every item of an order or for every contact of a deal.
//
// Of the lines of a record, e-mail addresses, telephone numbers and external ids are collected; what else describes a
// person is taken from one line, so that nobody is made up of two. Every line that has contents.id is an element of
// contents, and content_ids are collected. item_number is not sent, because the event stands for all items. The stage,
// the time, the currency, the ids and everything else that decides what is sent must be the same on every line where it
// stands. Of other texts the first that stands anywhere is taken.
type GroupBy struct {
	Key   string `json:"key,omitempty"`   // record_key; "" does not group
	Value string `json:"value,omitempty"` // once (the default): every line that has the amount has the same one; sum: the lines' amounts add up to it
}

// UnmarshalYAML reads "record_key" or {key: record_key, value: sum}.
func (g *GroupBy) UnmarshalYAML(unmarshal func(any) error) error {
	var key string
	if err := unmarshal(&key); err == nil {
		*g = GroupBy{Key: key, Value: valueOnce}
		return nil
	}
	long := struct {
		Key   string `yaml:"key"`
		Value string `yaml:"value"`
	}{Value: valueOnce}
	if err := unmarshal(&long); err != nil {
		return err
	}
	*g = GroupBy(long)
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (g GroupBy) MarshalYAML() (any, error) {
	if g.Value == valueOnce {
		return g.Key, nil
	}
	return map[string]string{"key": g.Key, "value": g.Value}, nil
}
