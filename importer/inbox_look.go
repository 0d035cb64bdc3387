package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// found is an entry of the inbox, or of a claim.
type found struct {
	path    string
	name    string // base name
	info    fs.FileInfo
	claimed bool
	people  bool    // its source is of kind people
	joins   bool    // its source joins people
	foreign bool    // another owner claimed it
	from    *claims // of the folder that it was dropped into
}

// shown is the name as it may be shown, with the folder that it is in.
func (f found) shown() string {
	if f.from.folder == "" {
		return printable(f.name)
	}
	return printable(f.from.folder) + "/" + printable(f.name)
}

// sight is how a file looked, and since when.
type sight struct {
	size  int64
	mtime time.Time
	since time.Time
}

// cutShort is how long a file may end in zero bytes before nobody believes that it is still being copied.
const cutShort = time.Hour

// zeroTail is the number of zero bytes at the end that no text has: UTF-32 ends in three when a line break is last.
const zeroTail = 4

// zipEnd begins the last record of a ZIP archive, such as a workbook, and zipEndSize is how long it is. It ends in zero
// bytes when the archive is smaller than 64 KiB.
const (
	zipEnd     = "PK\x05\x06"
	zipEndSize = 22
)

// listFolder returns the entries of a folder whose names are not left out. An entry that vanishes meanwhile is none.
func listFolder(dir string, leaveOut func(name string) bool) ([]found, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make([]found, 0, len(entries))
	for _, e := range entries {
		if leaveOut(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		files = append(files, found{path: filepath.Join(dir, e.Name()), name: e.Name(), info: info})
	}
	return files, nil
}

// temporaryName reports whether a name is one that programs give to files they have not finished, or to files that are
// none of ours.
func temporaryName(name string) bool {
	name = strings.ToLower(name)
	switch filepath.Ext(name) {
	case ".part", ".partial", ".filepart", ".tmp", ".crdownload":
		return true
	}
	switch name { // what Windows, servers and file systems leave in folders that are shared
	case "desktop.ini", "thumbs.db", "lost+found", "$recycle.bin", "#recycle", "@eadir", "system volume information", "network trash folder":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$")
}

// unfit says why an entry is not taken whatever happens to it, "" for one that may be. Only regular files are opened: a
// FIFO would wait for ever, and a link may lead anywhere.
func (b *Inbox) unfit(ctx context.Context, f found) string {
	switch mode := f.info.Mode(); {
	case f.foreign:
		return "was claimed by a Capibara with another database, which did not finish with it; start that one again, or move the file back into the inbox when there is none."
	case mode.IsDir():
		return b.wrongFolder(f)
	case mode&fs.ModeSymlink != 0:
		return "is a link; drop the file itself."
	case !mode.IsRegular():
		return "is not a regular file and is not read."
	}
	// What else goes wrong here goes wrong at the import too, and is told there.
	if _, err := b.c.Importer.Find(ctx, f.from.folder, f.name); !errors.Is(err, ErrNoSource) {
		return ""
	}
	patterns := b.c.Importer.patterns()
	if len(patterns) == 0 {
		return "fits no source, because no source names any files; add some under sources in the configuration."
	}
	return "fits no source; the sources take " + strings.Join(patterns, ", ") + ". " + cmp.Or(b.resembles(f), "Rename the file or add a source.")
}

// alike is what a file resembled when it looked like this.
type alike struct {
	size     int64
	mtime    time.Time
	sentence string
}

// resembles says what a file that fits no source looks like, and what to do; "" when it looks like nothing known. A file
// is read for it once, and not before it stands still.
func (b *Inbox) resembles(f found) string {
	if last, ok := b.alike[f.path]; ok && last.size == f.info.Size() && last.mtime.Equal(f.info.ModTime()) {
		return last.sentence
	}
	if age := b.c.Now().Sub(f.info.ModTime()); age < b.c.Settle {
		return ""
	}
	b.alike[f.path] = alike{f.info.Size(), f.info.ModTime(), b.c.Importer.resembles(f.path, f.name)}
	return b.alike[f.path].sentence
}

// resembles tells by the headers, else by the name, which source or preset a file that fits no source was most likely
// meant for.
func (im *Importer) resembles(path, name string) string {
	// A pass waits for this: a file that takes longer to read is told by its name alone.
	ctx, stop := context.WithTimeout(context.Background(), lookTime)
	defer stop()
	sight, err := Look(ctx, path, name)
	if err == nil {
		if m := SourceLike(im.c.Mappings, sight.Headers()); m != nil && len(m.source.Files) > 0 {
			return fmt.Sprintf("Its columns look like those of source %s: rename it to fit %s, or move it into the folder %s of the inbox.",
				m.source.Name, strings.Join(m.source.Files, " or "), m.source.Name)
		}
	}
	if pattern, m := NearestPattern(im.c.Mappings, name); m != nil {
		return fmt.Sprintf("Its name comes nearest to %s of source %s: if it belongs there, rename it or move it into the folder %s of the inbox.",
			pattern, m.source.Name, m.source.Name)
	}
	if err == nil && sight.Preset != nil {
		return fmt.Sprintf("It looks like an export of %s: add a source with preset: %s, which `capibara map` writes for you.", sight.Preset.Title, sight.Preset.Name)
	}
	return ""
}

// lookTime is how long the inbox looks at a file that fits no source.
const lookTime = 5 * time.Second

// settled reports whether size and time of the file have stood still long enough. A file that this process sees for the
// first time is given credit by the clock of its own file system, because the clock of a file server need not agree with
// ours; after that only what was seen counts, because some servers set the time of a file once and not at every write.
func (b *Inbox) settled(f found) (bool, error) {
	now := b.c.Now()
	last, known := b.seen[f.path]
	if !known || last.size != f.info.Size() || !last.mtime.Equal(f.info.ModTime()) {
		last = sight{f.info.Size(), f.info.ModTime(), now}
		if !known {
			server, err := f.from.clock()
			if err != nil {
				return false, err
			}
			age := server.Sub(f.info.ModTime())
			last.since = now.Add(-max(0, min(age, b.c.Settle)))
		}
		b.seen[f.path] = last
	}
	return now.Sub(last.since) >= b.c.Settle, nil
}

// complete reports whether the file can be read and does not end in zero bytes, as a file does whose space was set aside
// before its content arrived. why is a reason to show, "" when the next pass will tell.
func (b *Inbox) complete(f found) (ready bool, why string) {
	// Without O_NONBLOCK a FIFO that has taken the file's place meanwhile would hold us up for ever.
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if os.IsNotExist(err) {
			return false, ""
		}
		return false, fmt.Sprintf("cannot be read (%v); give this program the right to read it.", cause(err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, fmt.Sprintf("cannot be read (%v).", cause(err))
	}
	if !os.SameFile(info, f.info) || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()) {
		return false, ""
	}
	tail := make([]byte, min(zipEndSize, info.Size()))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && err != io.EOF {
		return false, fmt.Sprintf("cannot be read (%v).", cause(err))
	}
	if !strings.HasSuffix(string(tail), strings.Repeat("\x00", zeroTail)) || len(tail) == zipEndSize && strings.HasPrefix(string(tail), zipEnd) {
		return true, ""
	}
	if b.c.Now().Sub(b.seen[f.path].since) >= cutShort {
		return false, "has ended in zero bytes for more than an hour, so its copy was cut short; copy it again."
	}
	return false, "ends in zero bytes, as a file does while it is being copied; it is taken when they are gone."
}

// cause is an error without the paths, which the caller names already, and safely.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err
	}
	return err
}

// printable is a name as it may be shown: control characters, line breaks and bytes that are no UTF-8 are escaped.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// patterns are the globs by which the sources claim files.
func (im *Importer) patterns() []string {
	var all []string
	for _, m := range im.c.Mappings {
		all = append(all, m.source.Files...)
	}
	return all
}
