package importer

import "testing"

func TestColumnOf(t *testing.T) {
	t.Parallel()
	source := Source{Name: "deals", Files: []string{"*deals*.csv"}, RecordKey: []string{"Deal"}, ActionSource: "system_generated", LeadEventSource: "CRM",
		Columns: map[string]Names{"email": {"E-mail"}, "lead_id": {"Lead"}, "currency": {"Cur"}, "custom_data.order_id": {"Deal"}},
		Events: []EventRule{{Name: "deal_closed", When: map[string]Names{"Stage": {"Won"}}, EventTime: "Close Date", Value: "Amount"},
			{Name: "sql_qualified", When: map[string]Names{"Stage": {"SQL"}}, EventTime: "SQL Date", Value: "Amount"}}}
	source.Dataset.Alias = "main"
	m, err := source.Compile(Defaults{Datasets: map[string]string{"main": "1234567890"}})
	if err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]string{
		"user_data.lead_id": "Lead", "user_data.em": "E-mail", "custom_data.value": "Amount", "custom_data.currency": "Cur",
		"event_time": "", // one of two
		"user_data":  "", // many
		"event_name": "", "": "", "custom_data.nothing": "",
	} {
		if got := m.ColumnOf(member); got != want {
			t.Errorf("%s is read from %q, want %q", member, got, want)
		}
	}
}
