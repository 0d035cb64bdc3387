package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
)

// configuredMark is the key in meta of the configuration that was in force last.
const configuredMark = "configured"

// Configured keeps which configuration is in force from now on, by its hash, and adds an audit entry. It changes nothing when
// that is the one that was kept last.
func (d *DB) Configured(ctx context.Context, hash event.Hash, detail string, now time.Time) error {
	same := func(t *txn) error {
		body, err := t.get(metaBucket, []byte(configuredMark))
		if err != nil || body == nil {
			return err
		}
		read := decoder{b: body}
		if read.hash() == hash && read.done() {
			return errNothingToCommit
		}
		return nil
	}
	err := d.read(ctx, same)
	if err == nil {
		err = d.change(ctx, func(t *txn) error {
			if err := same(t); err != nil {
				return err
			}
			if err := t.put(metaBucket, []byte(configuredMark), append(unsealed(len(hash)), hash[:]...)); err != nil {
				return err
			}
			return t.audit(now, "configured", fmt.Sprintf("SHA-256 %x %s", hash, detail))
		})
	}
	if err != nil && !errors.Is(err, errNothingToCommit) {
		return fmt.Errorf("keep which configuration is in force: %w", err)
	}
	return nil
}
