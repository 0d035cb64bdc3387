package uploader

import (
	"context"
	"fmt"
	"sync"

	"capibara/store"
	"capibara/uploader/capi"
)

// renewedNote keeps by dataset which token was told of last, as a sum.
type renewedNote struct {
	mu   sync.Mutex
	last map[string]string
}

// Renewed reports whether a dataset that is stopped for its token, a permission or its configuration has another access
// token or app secret than the one that was refused, so that a pass now may go through. It tells of every token once: when the new one
// is as bad as the old, nothing follows until there is yet another. It reads the circuits and, where one is open, the
// token, and asks nobody.
func (u *Uploader) Renewed(ctx context.Context) (bool, error) {
	renewed := false
	for _, d := range u.c.Datasets {
		c, err := u.c.Store.Circuit(ctx, d.ID)
		if err != nil {
			return false, fmt.Errorf("read the circuit of %s: %w", d.Alias, err)
		}
		if c.State != store.CircuitOpen || !waitsForToken(c.Class) {
			continue
		}
		token, err := d.Token()
		if err != nil || token == "" {
			continue // the circuit says so, or the next pass does
		}
		if sum := u.keySum(d.ID, token); sum != c.TokenSum && u.renewed.news(d.ID, sum) {
			u.c.Log.Info().Str("dataset", d.Alias).Msg("there is another access token or app secret; it is tried")
			renewed = true
		}
	}
	return renewed, nil
}

// news keeps the token of a dataset as the one that was told of, and reports whether it was another one before.
func (n *renewedNote) news(dataset, sum string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last[dataset] == sum {
		return false
	}
	if n.last == nil {
		n.last = map[string]string{}
	}
	n.last[dataset] = sum
	return true
}

// waitsForToken reports whether a new token may end what a circuit of the class was opened for.
func waitsForToken(class string) bool {
	return class == capi.ClassCredentials.String() || class == capi.ClassPermission.String() || class == capi.ClassConfiguration.String()
}
