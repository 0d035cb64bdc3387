package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// patience is how long a caller may take to read a line. One that does not, because it was stopped for instance, is given
// up; the work is not.
const patience = 10 * time.Second

// teller answers a request that takes long with lines that tell how far it is. Whoever works is never held up by whoever
// listens: of what cannot be told at once only the latest is.
type teller struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	news     chan progress // room for one
	gone     bool          // nobody reads any more; only one goroutine at a time uses it
}

// answerLong answers with lines until work has ended, and then with what came of it.
func answerLong(w http.ResponseWriter, r *http.Request, patience time.Duration, work func(tell func(progress)) (any, error)) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	t := &teller{w: w, control: http.NewResponseController(w), patience: patience, news: make(chan progress, 1)}
	// Reading standard input and telling progress go on at the same time.
	_ = t.control.EnableFullDuplex()
	var telling sync.WaitGroup
	over := make(chan struct{})
	telling.Go(func() {
		for {
			select {
			case p := <-t.news:
				t.write(message{Progress: &p})
			case <-over:
				return
			}
		}
	})
	v, err := work(t.tell)
	close(over)
	telling.Wait()
	end := message{}
	text, merr := json.Marshal(v)
	if err = errors.Join(err, merr); err != nil {
		end.Failure = toWire(err)
	}
	end.Result = text
	t.write(end)
	_ = t.control.SetWriteDeadline(time.Time{}) // the connection may have more to answer
	// Who is told why before the content was read is still writing it, and net/http would cut the connection off before the
	// answer is read. This ends when the caller has read it and goes, or says nothing more for too long.
	_ = t.control.SetReadDeadline(time.Now().Add(t.patience))
	_, _ = io.Copy(io.Discard, r.Body)
	_ = t.control.SetReadDeadline(time.Time{})
}

// tell has somebody tell it, or replaces what nobody has told yet. It never waits.
func (t *teller) tell(p progress) {
	for {
		select {
		case t.news <- p:
			return
		default:
		}
		select {
		case <-t.news:
		default:
		}
	}
}

func (t *teller) write(m message) {
	if t.gone {
		return
	}
	// A deadline that cannot be set is that of no connection: writing says the same.
	_ = t.control.SetWriteDeadline(time.Now().Add(t.patience))
	t.gone = errors.Join(json.NewEncoder(t.w).Encode(m), t.control.Flush()) != nil
}
