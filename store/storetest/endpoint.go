package storetest

import (
	"errors"
	"sync"
	"time"

	"capibara/store"
)

// bound tries that a ledger keeps to the endpoint of its first request.
func bound(d *desk) {
	read := func() store.Binding {
		b, err := d.Outbox.Bound(d.ctx)
		d.must(err)
		return b
	}
	same(d, "the binding at first", read(), store.Binding{})
	if _, err := d.Outbox.Bind(d.ctx, "elsewhere", d.now); err == nil {
		d.Error("a ledger is bound to what is no endpoint")
	}
	same(d, "the binding after that", read(), store.Binding{})
	want := store.Binding{Endpoint: store.EndpointRehearsal, Since: d.now}
	got, err := d.Outbox.Bind(d.ctx, store.EndpointRehearsal, d.now)
	d.must(err)
	same(d, "the binding", got, want)
	got, err = d.Outbox.Bind(d.ctx, store.EndpointRehearsal, d.now.Add(time.Hour))
	d.must(err)
	same(d, "the binding when it is asked for again", got, want)
	d.reopen()
	got, err = d.Outbox.Bind(d.ctx, store.EndpointMeta, d.now.Add(time.Hour))
	if !errors.Is(err, store.ErrBound) {
		d.Errorf("Bind to the other endpoint: %v, want ErrBound", err)
	}
	same(d, "the binding that stands against it", got, want)
	same(d, "the binding in the end", read(), want)
	same(d, "the audit log", d.kinds(), "created bound")
}

// boundAtOnce lets both endpoints ask at the same time: one of them wins, for everybody.
func boundAtOnce(d *desk) {
	const each = 4
	var (
		asking sync.WaitGroup
		got    [2 * each]store.Binding
		errs   [2 * each]error
	)
	for i := range got {
		asking.Go(func() {
			to := store.EndpointMeta
			if i%2 == 1 {
				to = store.EndpointRehearsal
			}
			got[i], errs[i] = d.Outbox.Bind(d.ctx, to, d.now)
		})
	}
	asking.Wait()
	refused := 0
	for i := range got {
		same(d, "the binding", got[i], got[0])
		if errors.Is(errs[i], store.ErrBound) {
			refused++
		} else {
			d.must(errs[i])
		}
	}
	same(d, "how many were refused", refused, each)
	same(d, "the audit log", d.kinds(), "created bound")
}
