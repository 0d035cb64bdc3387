package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// Evidence is all that the ledger knows of an event, in files that can be checked without this program.
type Evidence struct {
	Files []EvidenceFile `json:"files"`
	// Unproven are sentences about what could not be shown, such as bytes that cannot be made again.
	Unproven []string `json:"unproven"`
}

// EvidenceFile is one of its files.
type EvidenceFile struct {
	Name    string `json:"name"` // with / between folders
	Content []byte `json:"content"`
}

// evidenceManifest says for programs what is in the files.
type evidenceManifest struct {
	EventID  string          `json:"event_id"`
	MadeAt   time.Time       `json:"made_at"`
	Head     string          `json:"head"`        // of the audit log when it was made
	First    uint64          `json:"first_entry"` // the first entry of the audit log that is included
	Events   []evidenceEvent `json:"events"`
	Unproven []string        `json:"unproven"`
	Files    []evidenceSum   `json:"files"`
}

// evidenceEvent is one event with this event_id: there may be several, under other names or in other datasets.
type evidenceEvent struct {
	Folder     string         `json:"folder"`
	Dataset    string         `json:"dataset"`
	EventName  string         `json:"event_name"`
	State      string         `json:"state"`
	File       string         `json:"file"`
	FileSHA256 string         `json:"file_sha256"`
	Line       uint64         `json:"line"`
	Record     uint64         `json:"record"`
	RecordKey  string         `json:"record_key"`
	Bodies     []evidenceBody `json:"bodies"`
}

// evidenceBody is what one or more attempts sent.
type evidenceBody struct {
	Batch    uint64 `json:"batch"`
	Attempts []int  `json:"attempts"`
	Journal  string `json:"sha256_in_journal"`
	Rebuilt  string `json:"sha256_rebuilt"` // "" when it cannot be made again
	Name     string `json:"name"`           // of the file; "" when it cannot be made again
	Holds    bool   `json:"holds_event"`    // event.json is in it, byte for byte
	// Sums and Entry are of one that cannot be made again because the content of an event in it was taken out: the SHA-256 of the
	// sums of all its events, which Name holds then, and the entry of the audit log that ties it to the body.
	Sums  string `json:"sha256_of_sums,omitempty"`
	Entry uint64 `json:"audit_entry,omitempty"`
}

type evidenceSum struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// collecting is evidence while it is put together.
type collecting struct {
	*Reader
	out      Evidence
	manifest evidenceManifest
	opened   map[uint64]bool // the files that its events came from
}

// Evidence puts together what is known of the events with an event_id. store.ErrNotFound when there is none.
func (r *Reader) Evidence(ctx context.Context, id string) (Evidence, error) {
	c := &collecting{Reader: r, out: Evidence{Unproven: []string{}}, opened: map[uint64]bool{},
		manifest: evidenceManifest{EventID: id, MadeAt: r.now().In(r.zone).Truncate(time.Second)}}
	entries, err := r.store.EventsByID(ctx, id)
	if err != nil {
		return Evidence{}, fmt.Errorf("looking for event %s: %w", id, err)
	}
	if len(entries) == 0 {
		return Evidence{}, fmt.Errorf("no event has the event_id %s: %w", id, store.ErrNotFound)
	}
	for i, e := range entries {
		if err := c.event(ctx, fmt.Sprintf("event-%d", i+1), e); err != nil {
			return Evidence{}, fmt.Errorf("putting the evidence of event %s together: %w", id, err)
		}
	}
	if err := c.chain(ctx); err != nil {
		return Evidence{}, fmt.Errorf("putting the evidence of event %s together: %w", id, err)
	}
	err = c.finish()
	return c.out, err
}

func (c *collecting) add(name string, content []byte) {
	c.out.Files = append(c.out.Files, EvidenceFile{name, content})
}

func (c *collecting) addJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.add(name, append(text, '\n'))
	return nil
}

func (c *collecting) unproven(format string, args ...any) {
	c.out.Unproven = append(c.out.Unproven, fmt.Sprintf(format, args...))
}

// event adds one event: what it says, where it is from, and what carried it.
func (c *collecting) event(ctx context.Context, folder string, e store.EventEntry) error {
	if e.Damaged {
		c.unproven("The event in row %d is damaged in the database: its checksum is wrong.", e.Seq)
		return nil
	}
	story, err := c.story(ctx, e)
	if err != nil {
		return err
	}
	f, err := c.store.File(ctx, e.File)
	if err != nil {
		return err
	}
	c.opened[e.File] = true
	if e.Emptied != store.NotEmptied {
		c.unproven("%s: what the event said was %s. Its JSON had the SHA-256 %x.", folder, e.Emptied, e.Sum)
	} else {
		c.add(folder+"/event.json", story.Sent)
	}
	c.add(folder+"/mapping.txt", []byte(f.Mapping))
	if err := c.addJSON(folder+"/file.json", c.file(f)); err != nil {
		return err
	}
	if err := c.addJSON(folder+"/story.json", story); err != nil {
		return err
	}
	m := evidenceEvent{Folder: folder, Dataset: e.Dataset, EventName: e.EventName, State: e.State.String(), File: f.Name,
		FileSHA256: fmt.Sprintf("%x", f.SHA256), Line: e.Line, Record: e.Record, RecordKey: e.RecordKey, Bodies: []evidenceBody{}}
	for _, b := range story.Batches {
		if err := c.batch(ctx, folder, b.Batch, e, story.Sent, &m); err != nil {
			return err
		}
	}
	c.manifest.Events = append(c.manifest.Events, m)
	return nil
}

// batch adds what every attempt of a batch sent, as far as it can be made again.
func (c *collecting) batch(ctx context.Context, folder string, n uint64, of store.EventEntry, sent []byte, m *evidenceEvent) error {
	b, err := c.store.Batch(ctx, n)
	if err != nil {
		return err
	}
	if err := c.addJSON(fmt.Sprintf("%s/batch-%d.json", folder, n), c.Reader.batch(b)); err != nil {
		return err
	}
	rows, err := c.carried(ctx, b)
	if err != nil {
		return err
	}
	first := len(m.Bodies)
	for _, a := range b.Attempts {
		sum := fmt.Sprintf("%x", a.BodySHA256)
		if i := slices.IndexFunc(m.Bodies[first:], func(o evidenceBody) bool { return o.Journal == sum }); i >= 0 {
			m.Bodies[first+i].Attempts = append(m.Bodies[first+i].Attempts, a.N)
			continue
		}
		if a.BodySHA256 == (event.Hash{}) {
			continue // it was refused here and never sent
		}
		body := evidenceBody{Batch: n, Attempts: []int{a.N}, Journal: sum}
		data := dataOf(rows, a, b)
		switch {
		case data == nil:
			sum := of.Sum
			if of.Emptied == store.NotEmptied {
				sum = sha256.Sum256(sent)
			}
			c.proveRest(folder, b, a, rows, sum, &body)
		default:
			body.Rebuilt = fmt.Sprintf("%x", sha256.Sum256(data))
			body.Name = fmt.Sprintf("%s/batch-%d-attempt-%d-data.json", folder, n, a.N)
			body.Holds = bytes.Contains(data, sent)
			c.add(body.Name, data)
			if body.Rebuilt != sum {
				c.unproven("%s: the bytes of attempt %d of batch %d that can be made now are not those of the journal: events left the batch after that attempt, or another version of the program wrote them.", folder, a.N, n)
			}
		}
		m.Bodies = append(m.Bodies, body)
	}
	return nil
}

// dataOf makes the data array of an attempt again: as the journal has it where that can be, else as it would be sent. nil when
// the content of an event of it is not there any more.
func dataOf(rows []store.EventEntry, a store.Attempt, b store.Batch) []byte {
	payloads := make([][]byte, len(rows))
	for i, r := range rows {
		if r.Emptied != store.NotEmptied {
			return nil
		}
		payloads[i] = r.Payload
	}
	data, _ := store.DataOf(payloads, &a, b.FirstMaybeAt) // whoever asks compares the sums, and tells
	return data
}

// chain adds the audit log from the import on to its end: every entry by itself, as it is stored, since its hash is that of
// these bytes.
func (c *collecting) chain(ctx context.Context) error {
	first := uint64(0)
	err := c.store.Audit(ctx, 1, func(e store.AuditEntry) bool {
		if e.Kind == "file_opened" {
			for file := range c.opened {
				if strings.HasPrefix(e.Detail, fmt.Sprintf("file %d ", file)) {
					first = e.N
				}
			}
		}
		return first == 0
	})
	if err != nil {
		return err
	}
	if first == 0 {
		c.unproven("The audit log has no entry of the import.")
		first = 1
	}
	var index bytes.Buffer
	var previous event.Hash
	broken := false
	c.manifest.First = first
	err = c.store.AuditBytes(ctx, first, func(e store.AuditEntry, body []byte) bool {
		c.add(fmt.Sprintf("chain/%08d.entry", e.N), body)
		broken = broken || e.N > first && e.Previous != previous
		previous = e.Hash
		fmt.Fprintf(&index, "%d  %s  %s  %s\n    hash      %x\n    previous  %x\n", e.N, e.At.Format(time.RFC3339), e.Kind, e.Detail, e.Hash, e.Previous)
		c.manifest.Head = FormatHead(e.N, e.Hash)
		return true
	})
	if broken {
		c.unproven("The audit log does not hold together; `capibara verify` names the entry.")
	}
	c.add("chain/index.txt", index.Bytes())
	return err
}

// finish adds the manifest, the sums and the instructions.
func (c *collecting) finish() error {
	c.manifest.Unproven = c.out.Unproven
	c.add("README.txt", c.instructions())
	for _, f := range c.out.Files {
		c.manifest.Files = append(c.manifest.Files, evidenceSum{f.Name, fmt.Sprintf("%x", sha256.Sum256(f.Content)), len(f.Content)})
	}
	if err := c.addJSON("manifest.json", c.manifest); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, f := range c.out.Files {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.Content), f.Name)
	}
	c.add("SHA256SUMS", sums.Bytes())
	return nil
}
