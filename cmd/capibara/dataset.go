package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

var (
	datasetForm  = regexp.MustCompile(`^[1-9][0-9]{4,24}$`)
	idInAddress  = regexp.MustCompile(`[0-9]{10,25}`)
	exponentForm = regexp.MustCompile(`(?i)^[0-9]+([.,][0-9]+)?e\+?[0-9]+$`)
)

// checkDatasets refuses names and ids that cannot be, with what they are likely to be instead.
func (c *config) checkDatasets() error {
	ids, variables := map[digits]string{}, map[string]string{}
	for _, alias := range c.aliases() {
		id, variable := c.Datasets[alias].ID, tokenVariable(alias)
		if !aliasForm.MatchString(alias) {
			return fmt.Errorf("datasets.%s: the name of a dataset is short, in lower case and starts with a letter, such as main or shop_nl", alias)
		}
		if other := variables[variable]; other != "" {
			return fmt.Errorf("datasets.%s: the datasets %s and %s would share the environment variable %s; give one of them another name", alias, other, alias, variable)
		}
		variables[variable] = alias
		if id == "" {
			continue
		}
		if err := checkDatasetID(string(id)); err != nil {
			return fmt.Errorf("datasets.%s.id: %w", alias, err)
		}
		if other := ids[id]; other != "" {
			return fmt.Errorf("datasets.%s.id: the datasets %s and %s have the same id; one name for it is enough", alias, other, alias)
		}
		ids[id] = alias
	}
	return nil
}

// whereID says where a dataset's id is found.
const whereID = "Events Manager shows the id of a dataset under Data sources > your dataset > Settings > Dataset ID"

// checkDatasetID refuses what cannot be Meta's id of a dataset. It does not quote what may be a token.
func checkDatasetID(id string) error {
	if datasetForm.MatchString(id) {
		return nil
	}
	lower := strings.ToLower(id)
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(quotes+"-.,_#", r) {
			return -1
		}
		return r
	}, id)
	switch {
	case strings.HasPrefix(id, metaTokenTop):
		return errors.New("this looks like an access token, which does not belong into the configuration; take it out and use `capibara token set`. " + whereID)
	case strings.HasPrefix(lower, "act_") || accountForm.MatchString(id):
		return fmt.Errorf("%q is the id of an ad account; %s", id, whereID)
	case strings.HasPrefix(lower, "http"):
		if number := idInAddress.FindString(id); number != "" {
			return fmt.Errorf("this is the address of a page; write the number alone. If it is the dataset's, that is %q; %s", number, whereID)
		}
		return errors.New("this is the address of a page; " + whereID)
	case datasetForm.MatchString(plain):
		return fmt.Errorf("%q has spaces, quotes or other marks in it; write the digits alone: %q", id, plain)
	case exponentForm.MatchString(id):
		return fmt.Errorf("%q was rewritten by a spreadsheet, and its last digits are lost; %s", id, whereID)
	case numberForm.MatchString(id):
		return fmt.Errorf("%q is no dataset id: that is a number of about 16 digits that does not begin with 0; %s", id, whereID)
	case len(id) > 60:
		return errors.New("this is no dataset id; it is a number such as 1234567890123456. " + whereID)
	}
	return fmt.Errorf("%q is no dataset id; it is a number such as 1234567890123456. %s", id, whereID)
}
