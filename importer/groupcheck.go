package importer

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
)

// maxGroups is how many records a file may have whose lines are joined: 8 bytes of each are kept while the file is
// checked, 128 MiB at most.
const maxGroups = 1 << 24

// groups wraps the cutter of a CSV file so that lines with one record key are one record.
func (p *pass) groups(lines cutter) *groupCutter {
	g := &groupCutter{dialect: p.sheet.dialect, lines: lines, width: len(p.sheet.headers), column: p.bound.slots[p.bound.key[0]]}
	for _, slot := range p.bound.key {
		g.key = append(g.key, slices.Index(p.bound.slotOf, slot))
	}
	telling := []int{p.bound.events[0].time, p.bound.join}
	for _, u := range p.bound.user {
		telling = append(telling, u.slot)
	}
	for _, slot := range telling {
		if column := slices.Index(p.bound.slotOf, slot); slot >= 0 && column >= 0 {
			g.telling = append(g.telling, column)
		}
	}
	g.own = ownAmong(p.sheet)
	return g
}

// checkGroups refuses a file in which lines of one record do not stand together, before anything of it is queued: such a
// record would be taken for two, with a part of its amount each.
func (p *pass) checkGroups(ctx context.Context) error {
	if !p.mapping.grouped() || p.report.report.Resumed > 0 {
		return nil
	}
	seed := maphash.MakeSeed()
	var whole, damaged []uint64
	err := p.eachGroup(ctx, func(key string, _ uint64, isDamaged bool) error {
		if len(whole)+len(damaged) == maxGroups {
			return refuse("Split the file into smaller ones between two records.",
				"the file has more than %d records, which is more than can be checked for lines that do not stand together", maxGroups)
		}
		if sum := maphash.String(seed, key); isDamaged {
			damaged = append(damaged, sum)
		} else {
			whole = append(whole, sum)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(whole)
	apart := map[uint64]bool{}
	for i, sum := range whole {
		if i > 0 && whole[i-1] == sum && len(apart) < maxSeen {
			apart[sum] = true
		}
	}
	// A damaged line alone may be no line of the record whose key it seems to have, unless there is such a record.
	for _, sum := range damaged {
		if _, found := slices.BinarySearch(whole, sum); found && len(apart) < maxSeen {
			apart[sum] = true
		}
	}
	if len(apart) == 0 {
		return nil
	}
	return p.findApart(ctx, seed, apart)
}

// findApart reads the file once more for the first two places with one record key among those whose hashes are apart,
// because two keys may have one hash.
func (p *pass) findApart(ctx context.Context, seed maphash.Seed, apart map[uint64]bool) error {
	type place struct {
		line    uint64
		damaged bool
	}
	seen := map[string]place{}
	return p.eachGroup(ctx, func(key string, line uint64, damaged bool) error {
		if !apart[maphash.String(seed, key)] {
			return nil
		}
		first, again := seen[key]
		if !again || first.damaged && damaged {
			seen[strings.Clone(key)] = place{line, damaged}
			return nil
		}
		by := p.mapping.keyHeaders()
		return refuse("Sort the export by "+by+", so that the lines of one record follow one another, and import it again.",
			"the lines of one record do not stand together: lines %d and %d have the same %s, and another record is between them", first.line, line, by)
	})
}

// eachGroup calls found for every record that has a key, until it returns an error.
func (p *pass) eachGroup(ctx context.Context, found func(key string, line uint64, damaged bool) error) error {
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	g := cut.(*groupCutter)
	var stop error
	g.closed = func(key string, line uint64, damaged bool) {
		if stop == nil {
			stop = found(key, line, damaged)
		}
	}
	for more := true; more && stop == nil; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = g.next(&block{}); err != nil {
			return err
		}
	}
	return stop
}
