package importer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"capibara/event"
	"capibara/store"
)

// suppressed is who was erased, as of now; nil for nobody, so that what asks costs nothing then.
func (im *Importer) suppressed() *event.Suppression {
	if im.c.Suppressed == nil {
		return nil
	}
	if s := im.c.Suppressed(); !s.Empty() {
		return s
	}
	return nil
}

// erased reports whether the record at hand is about a person who was erased, whatever else is the matter with it: the
// rejects would hold it in the clear.
func (m *mapper) erased() bool {
	if !m.filled {
		m.fillPerson()
	}
	if m.suppressed.Has(&m.event.User) || m.People() && len(m.key) > 0 && m.suppressed.HasPersonKey(personKey(m.source.Name, m.key[0].Value)) {
		return true
	}
	return m.join >= 0 && m.refersToErased()
}

// refersToErased reports whether the record at hand refers to somebody who was erased, and who is not among the people any more.
func (m *mapper) refersToErased() bool {
	lines := m.lines
	if len(lines) == 0 {
		m.people.alone[0].cells = m.cells
		lines = m.people.alone[:]
	}
	for _, l := range lines {
		id := personID(l.cells[m.join])
		if id == "" {
			continue
		}
		for _, source := range m.joined {
			if m.suppressed.HasPersonKey(personKey(source, id)) {
				return true
			}
		}
		if h, ok, _ := m.hasher.ExternalID(id, false); ok && m.suppressed.Holds(m.suppressed.Sum(event.HashedValue{Key: event.ExternalID, Hash: h})) {
			return true
		}
	}
	return false
}

// forget makes the record at hand one of which nothing is kept.
func (m *mapper) forget(rec *store.Record) fault {
	rec.RecordKey = ""
	m.warnings = m.warnings[:0]
	return fault{reason: event.ReasonPersonErased}
}

// forgetting is what an import needs when somebody was erased: what it keeps of its file must not hold them.
type forgetting struct {
	scrubber *Scrubber
	copy     string     // of the file without them, under a name that nobody reads; "" while there is none
	sum      event.Hash // of the copy
	blanked  bool       // the rejects named one of them
}

// forgetting makes an import ready to keep nothing of those who were erased; nil when nobody was.
func (im *Importer) forgetting(s *event.Suppression) (*forgetting, error) {
	if s == nil {
		return nil, nil
	}
	scrubber, err := im.Scrubber(Wanted{People: s})
	return &forgetting{scrubber: scrubber}, err
}

// rejected is the text of a rejected record as the rejects may hold it.
func (p *pass) rejected(text string, flag spanFlag) string {
	if p.forget == nil || !p.forget.scrubber.about(text, p.format, p.sheet.dialect, flag, false) {
		return text
	}
	p.forget.blanked = true
	blank := []byte(text)
	if p.format == "csv" {
		maskTable(blank, p.sheet.dialect)
	} else {
		maskMalformed(blank)
	}
	return string(blank)
}

// kept is the file that goes into the archive as to: the one that was dropped, or a copy of it without the people who were erased.
// It is "" when it holds them and no such copy can be made: then nothing is archived.
func (p *pass) kept(ctx context.Context, dropped, to string) (path string, err error) {
	if p.forget == nil || !p.names() {
		return dropped, nil
	}
	e, err := p.forget.scrubber.examine(ctx, dropped, Origin{Mapping: p.mapping})
	switch {
	case err != nil:
		return "", err
	case e.held.Nothing():
		return dropped, nil
	case e.held.Whole != "":
		p.im.c.Log.Warn().Uint64("file", p.file.Number).Msg("a file is not archived, because it holds a person who was erased, and " + e.held.Whole)
		return "", nil
	}
	if err := p.im.makeFolder(filepath.Dir(to)); err != nil {
		return "", err
	}
	p.forget.copy = filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".tmp")
	f, err := os.OpenFile(p.forget.copy, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, p.im.c.Folders.FileMode)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = e.rewrite(ctx, io.MultiWriter(f, sum), nil)
	p.forget.sum = event.Hash(sum.Sum(nil))
	return p.forget.copy, errors.Join(err, f.Sync(), f.Close())
}

// names reports whether the file may hold somebody who was erased: its records said so, or nobody read all of them.
func (p *pass) names() bool {
	r := p.report.result()
	return p.forget.blanked || r.Resumed > 0 || p.bound == nil || p.refused ||
		slices.ContainsFunc(r.Reasons, func(c ReasonCount) bool { return c.Reason == event.ReasonPersonErased })
}

// done removes the copy once it has its name.
func (f *forgetting) done() error {
	if f == nil || f.copy == "" {
		return nil
	}
	return removeSynced(f.copy)
}
