package bolt

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// sumSize is the length of the checksum before every value.
const sumSize = 4

// seal writes the checksum of key and value[4:] into value[:4].
func seal(key, value []byte) {
	binary.BigEndian.PutUint32(value, checksum(key, value[sumSize:]))
}

// unseal returns what is behind the checksum, and whether it is right.
func unseal(key, value []byte) ([]byte, bool) {
	if len(value) < sumSize || binary.BigEndian.Uint32(value) != checksum(key, value[sumSize:]) {
		return nil, false
	}
	return value[sumSize:], true
}

func checksum(key, body []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(key, table), table, body)
}

// unsealed is an empty value with room for its checksum and size bytes more.
func unsealed(size int) []byte { return make([]byte, sumSize, sumSize+size) }

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 8), n) }

func appendKey(dst []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(dst, n) }

// appendInstant orders as the instants do, negative ones included.
func appendInstant(dst []byte, unix int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(unix)^(1<<63))
}

func keyInstant(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ (1 << 63)) }

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendUint(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }

func appendInt(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

// appendTime stores milliseconds; the zero time, which means "none", stays apart from 1970.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(dst, math.MinInt64)
	}
	return binary.AppendVarint(dst, t.UnixMilli())
}

// decoder reads what the append functions wrote. After the first thing that cannot be read every other is zero, and bad
// is set: callers look once, at the end.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

// count reads how many elements follow, each at least one byte long: a damaged count never asks for much memory.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

// bytes returns the next n bytes without copying them.
func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail()
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// fixed reads eight bytes of a key.
func (d *decoder) fixed() uint64 {
	if b := d.bytes(8); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) text() string { return string(d.bytes(d.count())) }

func (d *decoder) hash() (h [32]byte) {
	copy(h[:], d.bytes(len(h)))
	return h
}

func (d *decoder) time() time.Time {
	ms := d.int()
	if d.bad || ms == math.MinInt64 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// done reports whether everything was read, and nothing is left over.
func (d *decoder) done() bool { return !d.bad && len(d.b) == 0 }
