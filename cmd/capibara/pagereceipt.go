package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"capibara/importer/receipt"
	"capibara/store"
)

// maxReceipt bounds what is shown as a receipt, in bytes: those that are written are far smaller.
const maxReceipt = 4 << 20

// Receipt is the page that was written about a file. It is looked for in the folder of receipts and nowhere else, whatever the ledger
// says where it is, and what lies there in its place is not shown.
func (p *pageLedger) Receipt(ctx context.Context, n uint64) ([]byte, error) {
	page, err := p.receipt(ctx, n)
	if err == nil {
		return page, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no receipt of file %d in the folder of receipts any more: %w", n, store.ErrNotFound)
	}
	return nil, fmt.Errorf("reading the receipt of file %d: %w", n, err)
}

func (p *pageLedger) receipt(ctx context.Context, n uint64) (page []byte, err error) {
	f, err := p.house.db.File(ctx, n)
	if err != nil {
		return nil, err
	}
	if f.Receipt == "" {
		return nil, store.ErrNotFound
	}
	folder, err := os.OpenRoot(p.house.config.Folders.Receipts) // no link leads out of it
	if err != nil {
		return nil, err
	}
	defer closing(&err, folder, folder.Name())
	name := filepath.Base(filepath.FromSlash(f.Receipt))
	info, err := folder.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxReceipt {
		return nil, store.ErrNotFound
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer closing(&err, file, name)
	want := receipt.Mark{File: f.Number, Started: f.StartedAt, SHA256: f.SHA256}.String()
	if mark, _, ok := receipt.ReadMark(file); !ok || mark != want {
		return nil, store.ErrNotFound // of another import
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, maxReceipt))
}
