package powerloss

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Image is what a disk may hold.
type Image struct {
	Files map[string][]byte
	Dirs  map[string]bool
}

// disk is a disk at work.
type disk struct {
	durable [][]byte // by file: what was synced
	pending [][]Step // by file: what was not
	names   []Step   // changes of names, in order
	synced  int      // how many of them are durable
}

// Images makes an image of the disk for each number of steps after which the power goes, in ascending order. What was not
// synced is chosen by chance; without one, all of it is there.
func (r *Recording) Images(after []int, chance *rand.Rand, yield func(steps int, i Image)) {
	d := &disk{durable: make([][]byte, r.files), pending: make([][]Step, r.files)}
	for number, name := range r.order {
		d.durable[number] = slices.Clone(r.Files[name])
	}
	done := 0
	for _, steps := range slices.Sorted(slices.Values(after)) {
		for _, s := range r.Steps[done:steps] {
			d.take(s)
		}
		done = steps
		yield(steps, r.image(d, chance))
	}
}

func (r *Recording) image(d *disk, chance *rand.Rand) Image {
	i := Image{Files: map[string][]byte{}, Dirs: map[string]bool{}}
	names := map[string]int{}
	for number, name := range r.order {
		names[name] = number
	}
	for _, dir := range r.Dirs {
		i.Dirs[dir] = true
	}
	kept := len(d.names)
	if chance != nil && kept > d.synced && chance.IntN(3) > 0 {
		kept = d.synced + chance.IntN(kept-d.synced+1)
	}
	for _, s := range d.names[:kept] {
		i.rename(s, names)
	}
	contents := map[int][]byte{} // a file with two names has one content
	for name, file := range names {
		if _, made := contents[file]; !made {
			contents[file] = d.settle(slices.Clone(d.durable[file]), file, chance)
		}
		i.Files[name] = contents[file]
	}
	return i
}

func (d *disk) take(s Step) {
	switch s.Kind {
	case Write, Truncate:
		d.pending[s.file] = append(d.pending[s.file], s)
	case Sync:
		d.durable[s.file] = d.settle(d.durable[s.file], s.file, nil)
		d.pending[s.file] = nil
	case Create, Mkdir, Rename, Link, Remove:
		d.names = append(d.names, s)
	case SyncDir:
		for i := len(d.names); i > d.synced; i-- {
			if n := d.names[i-1]; filepath.Dir(n.Path) == s.Path || n.To != "" && filepath.Dir(n.To) == s.Path {
				d.synced = i
			}
		}
	case Said:
	}
}

// settle adds to what was synced of a file what chance leaves of the rest.
func (d *disk) settle(out []byte, file int, chance *rand.Rand) []byte {
	mood := 0 // everything
	if chance != nil {
		mood = chance.IntN(4)
	}
	for _, s := range d.pending[file] {
		whole := mood == 0 || mood == 2 && chance.IntN(2) == 0
		switch {
		case mood == 1: // nothing
		case s.Kind == Truncate:
			if whole || mood == 3 && chance.IntN(2) == 0 {
				out = sized(out, int(s.Offset))
			}
		case whole:
			out = put(out, s.Offset, s.Data)
		case mood == 3: // sector by sector
			for at := 0; at < len(s.Data); at += sector {
				if chance.IntN(2) == 0 {
					out = put(out, s.Offset+int64(at), s.Data[at:min(at+sector, len(s.Data))])
				}
			}
		}
	}
	return out
}

func sized(content []byte, size int) []byte {
	if size <= len(content) {
		return content[:size]
	}
	return append(content, make([]byte, size-len(content))...)
}

func put(content []byte, at int64, data []byte) []byte {
	if end := int(at) + len(data); end > len(content) {
		content = sized(content, end)
	}
	copy(content[at:], data)
	return content
}

// rename carries a change of names out.
func (i *Image) rename(s Step, names map[string]int) {
	switch s.Kind {
	case Create:
		names[s.Path] = s.file
	case Mkdir:
		i.Dirs[s.Path] = true
	case Link:
		names[s.To] = s.file
	case Remove:
		delete(names, s.Path)
		delete(i.Dirs, s.Path)
	case Rename:
		if s.file >= 0 {
			delete(names, s.Path)
			names[s.To] = s.file
			return
		}
		for name, file := range maps.Clone(names) {
			if rest, inside := strings.CutPrefix(name, s.Path+"/"); inside {
				delete(names, name)
				names[filepath.Join(s.To, rest)] = file
			}
		}
		for dir := range maps.Clone(i.Dirs) {
			if rest, inside := strings.CutPrefix(dir+"/", s.Path+"/"); inside {
				delete(i.Dirs, dir)
				i.Dirs[filepath.Join(s.To, rest)] = true
			}
		}
	}
}

// WriteTo writes the image into a folder.
func (i Image) WriteTo(dir string) error {
	for name := range i.Dirs {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
	}
	for name, content := range i.Files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
