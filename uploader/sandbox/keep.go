package sandbox

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// note is a line of the kept file: one accepted request. It holds no personal data: an event is its event_id, its
// event_name and the first 8 bytes of the SHA-256 of its JSON.
type note struct {
	At      int64       `json:"at"` // Unix seconds
	Dataset string      `json:"dataset"`
	Events  [][3]string `json:"events"`
	Code    string      `json:"test_event_code,omitempty"`
}

// open reads the file and keeps it open for appending. A last line without its end is from a request that was never
// answered by a process that is gone; it is cut off.
func (l *ledger) open(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening what the sandbox keeps: %w", err)
	}
	if err := l.replay(file); err != nil {
		_ = file.Close()
		return fmt.Errorf("reading what the sandbox keeps in %s: %w", path, err)
	}
	l.file = file
	return nil
}

func (l *ledger) replay(file *os.File) error {
	reader := bufio.NewReaderSize(file, 1<<20)
	var good int64
	for line := 1; ; line++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			l.size = good
			return file.Truncate(good)
		}
		if err != nil {
			return err
		}
		var n note
		if err := json.Unmarshal(text, &n); err != nil {
			return fmt.Errorf("line %d is not one of its notes; give another file", line)
		}
		events := make([]taken, len(n.Events))
		for i, e := range n.Events {
			events[i] = taken{id: e[0], name: e[1]}
			if _, err := hex.Decode(events[i].hash[:], []byte(e[2])[:min(len(e[2]), 16)]); err != nil {
				return fmt.Errorf("line %d is not one of its notes; give another file", line)
			}
		}
		l.accept(time.Unix(n.At, 0), n.Dataset, n.Code, events)
		l.stats.Requests++
		good += int64(len(text))
	}
}

// note writes an accepted request down. The kernel has it when this returns, so it outlives the process, not the machine.
func (l *ledger) note(at time.Time, dataset, testCode string, events []taken) error {
	if l.file == nil {
		return nil
	}
	n := note{At: at.Unix(), Dataset: dataset, Code: testCode, Events: make([][3]string, len(events))}
	for i, e := range events {
		n.Events[i] = [3]string{e.id, e.name, hex.EncodeToString(e.hash[:])}
	}
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := l.file.Write(line); err != nil {
		_ = l.file.Truncate(l.size) // half a note would spoil the next one
		return err
	}
	l.size += int64(len(line))
	return nil
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return file.Close()
}
