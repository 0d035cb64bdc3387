package main

import (
	"sync"
	"time"

	"capibara/audit"
	"capibara/importer"
	"capibara/store"
)

// underWay knows how far the imports of this process are, for those who look at them on the page. The zero value is ready.
type underWay struct {
	mu     sync.Mutex
	byName map[string]reached
}

// reached is how far an import is, and where it was when it was heard of first.
type reached struct {
	first, last importer.Progress
	began, at   time.Time
}

const (
	// underWayFor is for how long an import is believed to go on that tells nothing: it tells something several times a second.
	underWayFor = 30 * time.Second
	// paceKnown is after how long its pace tells how long it will take.
	paceKnown = 2 * time.Second
)

// hear takes in how far an import is.
func (u *underWay) hear(p importer.Progress, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byName == nil {
		u.byName = map[string]reached{}
	}
	for name, r := range u.byName {
		if now.Sub(r.at) > underWayFor {
			delete(u.byName, name)
		}
	}
	r, known := u.byName[p.Name]
	if !known || p.Bytes < r.last.Bytes {
		r = reached{first: p, began: now}
	}
	r.last, r.at = p, now
	u.byName[p.Name] = r
}

// of is how far the import of a file is; nil when that is not known.
func (u *underWay) of(name string, now time.Time) *audit.ImportProgress {
	u.mu.Lock()
	defer u.mu.Unlock()
	r, known := u.byName[name]
	if !known || r.last.Total <= 0 || now.Sub(r.at) > underWayFor {
		return nil
	}
	done := min(r.last.Bytes, r.last.Total)
	p := &audit.ImportProgress{Percent: int(100 * float64(done) / float64(r.last.Total))}
	if took, read := r.at.Sub(r.began), done-r.first.Bytes; took >= paceKnown && read > 0 {
		p.SecondsLeft = int(took.Seconds() * float64(r.last.Total-done) / float64(read))
	}
	return p
}

// importProgress tells how far an import is to whoever asked for it, and to those who look at the page.
func (l *local) importProgress(tell func(progress)) func(importer.Progress) {
	told := importProgress(tell)
	return func(p importer.Progress) {
		l.imports.hear(p, time.Now())
		told(p)
	}
}

// addProgress adds how far the import of a file is.
func (l *local) addProgress(s *audit.FileStory) {
	if s.State == store.FileImporting.String() {
		s.Progress = l.imports.of(s.Name, time.Now())
	}
}
