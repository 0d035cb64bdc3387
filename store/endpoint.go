package store

import (
	"errors"
	"fmt"
	"time"
)

// ErrBound says that the ledger is bound to the other endpoint; nothing was done.
var ErrBound = errors.New("the ledger is bound to another endpoint")

// Endpoint is what the requests of a ledger go to. One ledger never mixes the two: what a stand-in acknowledged counts as
// sent, and Meta would never see it.
type Endpoint string

// The endpoints. The texts are stored: never change them.
const (
	EndpointMeta      Endpoint = "meta"      // Meta's own host
	EndpointRehearsal Endpoint = "rehearsal" // a stand-in on this machine
)

// Check refuses a text that is no endpoint.
func (e Endpoint) Check() error {
	if e != EndpointMeta && e != EndpointRehearsal {
		return fmt.Errorf("%q is no endpoint; the endpoints are %s and %s", string(e), EndpointMeta, EndpointRehearsal)
	}
	return nil
}

// Binding says what the requests of a ledger go to, from the first one on. The zero Binding belongs to a ledger that has
// not sent anything yet.
type Binding struct {
	Endpoint Endpoint  `json:"endpoint"`
	Since    time.Time `json:"since,omitzero"`
}
