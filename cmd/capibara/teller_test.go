package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAnswerLongToNobody has somebody ask for something that takes long and then read nothing: the work goes on and ends.
func TestAnswerLongToNobody(t *testing.T) {
	t.Parallel()
	ended := make(chan int, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerLong(w, r, 20*time.Millisecond, func(tell func(progress)) (any, error) {
			told := 0
			for ; told < 200_000; told++ { // far more than a connection holds
				tell(progress{Done: int64(told), Total: 200_000})
			}
			return nil, nil
		})
		ended <- 1
	}))
	defer web.Close()
	conn, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-ended
}

// stuck is an answer that nobody reads: writing it ends when its deadline has come.
type stuck struct {
	*httptest.ResponseRecorder
	deadline chan time.Duration
	writes   int
}

func (s *stuck) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() {
		s.deadline <- time.Until(at)
	}
	return nil
}
func (s *stuck) EnableFullDuplex() error { return nil }
func (s *stuck) FlushError() error       { return nil }
func (s *stuck) Write([]byte) (int, error) {
	s.writes++
	time.Sleep(<-s.deadline)
	return 0, errors.New("i/o timeout")
}

// TestAnswerLongGivesUp writes to somebody who does not read once, and no more.
func TestAnswerLongGivesUp(t *testing.T) {
	t.Parallel()
	s := &stuck{ResponseRecorder: httptest.NewRecorder(), deadline: make(chan time.Duration, 1)}
	answerLong(s, httptest.NewRequest(http.MethodPost, "/", nil), 10*time.Millisecond, func(tell func(progress)) (any, error) {
		for range 3 {
			tell(progress{})
			time.Sleep(15 * time.Millisecond)
		}
		return nil, nil
	})
	if s.writes != 1 {
		t.Errorf("it was written to %d times", s.writes)
	}
}

// TestAnswerLong tells the latest, the result and the failure.
func TestAnswerLong(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerLong(w, r, time.Minute, func(tell func(progress)) (any, error) {
			for i := range 1000 {
				tell(progress{Done: int64(i)})
			}
			return fileReport{Name: "x.csv"}, failed("make room", "the disk is full")
		})
	}))
	defer web.Close()
	for range 2 { // the second over the same connection
		resp, err := http.Post(web.URL, "", strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		var r fileReport
		err = readMessages(resp.Body, func(progress) {}, &r)
		if hintOf(err) != "make room" || r.Name != "x.csv" {
			t.Errorf("got %+v, %v", r, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		_ = resp.Body.Close()
	}
}
