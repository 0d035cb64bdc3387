package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"capibara/importer"
	"capibara/importer/receipt"
	"capibara/store"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// fileMode is the permissions of files, written in octal as chmod takes them: 0660, quoted or not.
type fileMode os.FileMode

// defaultReceiptsMode lets everybody on the machine read the pages.
const defaultReceiptsMode fileMode = 0o644

// UnmarshalYAML reads octal digits, whatever YAML takes them for.
func (m *fileMode) UnmarshalYAML(n ast.Node) error {
	text := strings.TrimPrefix(strings.TrimSpace(n.GetToken().Value), "0o")
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 || mode&0o600 != 0o600 || mode&0o111 != 0 {
		return &yaml.SyntaxError{Message: "a mode is three octal digits that let the owner read and write and nobody execute, such as 0644 or 0660", Token: n.GetToken()}
	}
	*m = fileMode(mode)
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (m fileMode) MarshalYAML() (any, error) {
	return fmt.Sprintf("%04o", uint32(m)), nil
}

// groupName is a group of users, by its name or its number.
type groupName string

// UnmarshalYAML reads the name or the number as it is written.
func (g *groupName) UnmarshalYAML(n ast.Node) error {
	switch n.(type) {
	case *ast.IntegerNode, *ast.StringNode:
		*g = groupName(strings.TrimSpace(n.GetToken().Value))
		return nil
	}
	return &yaml.SyntaxError{Message: "a group is the name or the number of one, such as sales or 1005", Token: n.GetToken()}
}

// id is the number of the group; nil without one. key is where it stands in the configuration.
func (g groupName) id(key string) (*int, error) {
	if g == "" {
		return nil, nil
	}
	if n, err := strconv.Atoi(string(g)); err == nil && n >= 0 {
		return &n, nil
	}
	const hint = "`getent group` lists the groups; the number of one works too"
	found, err := user.LookupGroup(string(g))
	if err != nil {
		return nil, failed(hint, "%s: there is no group %q on this machine", key, string(g))
	}
	n, err := strconv.Atoi(found.Gid)
	if err != nil {
		return nil, failed("leave it out: this system gives files to no group", "%s: the group %q has no number here", key, string(g))
	}
	return &n, nil
}

// checkReceipts refuses folders of receipts that would be taken for something else.
func (c *config) checkReceipts() error {
	f := &c.Folders
	for name, other := range map[string]string{"inbox": f.Inbox, "archive": f.Archive, "rejected": f.Rejected, "data": f.Data} {
		if f.Receipts == other {
			return fmt.Errorf("folders.receipts is the folder %s; name one of its own, such as %s", name, filepath.Join(other, "receipts"))
		}
	}
	within, err := filepath.Rel(f.Inbox, f.Receipts)
	if err != nil || within == ".." || strings.HasPrefix(within, ".."+string(filepath.Separator)) {
		return nil
	}
	if strings.ContainsRune(within, filepath.Separator) {
		return fmt.Errorf("folders.receipts is %s, deep in the inbox; put it directly into the inbox, or outside", f.Receipts)
	}
	for i := range c.Sources {
		if strings.EqualFold(c.Sources[i].Name, within) {
			return fmt.Errorf("folders.receipts is %s in the inbox, which would be the folder of the source %s; name the folder differently", within, c.Sources[i].Name)
		}
	}
	return nil
}

// receiptFolder is where the pages go.
func (c *config) receiptFolder() (importer.ReceiptFolder, error) {
	group, err := c.Folders.ReceiptsGroup.id("folders.receipts_group")
	return importer.ReceiptFolder{Dir: c.Folders.Receipts, FileMode: os.FileMode(c.Folders.ReceiptsMode), Group: group}, err
}

// furnishReceipts makes the folder of receipts when it is missing, and gives it the mode and group that are configured.
func (c *config) furnishReceipts() (made bool, err error) {
	f, err := c.receiptFolder()
	if err != nil {
		return false, err
	}
	if made, err = f.Furnish(c.Folders.ReceiptsMode != defaultReceiptsMode || f.Group != nil); err != nil {
		return made, failed("correct folders.receipts, receipts_mode or receipts_group in the configuration", "%w", err)
	}
	return made, nil
}

// outlook tells what happens next to the events of a dataset.
func (l *local) outlook(ctx context.Context, dataset string) (receipt.Outlook, error) {
	o := receipt.Outlook{Dataset: dataset}
	live := l.config.rehearses()
	for alias, d := range l.config.Datasets {
		if string(d.ID) == dataset {
			o.Dataset, live = alias, live || d.Live
		}
	}
	said, err := l.db.Live(ctx, dataset)
	circuit, cerr := l.db.Circuit(ctx, dataset)
	if err := errors.Join(err, cerr); err != nil {
		return o, fmt.Errorf("look what happens next to the events: %w", err)
	}
	o.NotLive, o.Stopped = !live && !said, circuit.State == store.CircuitOpen
	if l.next != nil {
		o.Next = l.next(l.now())
	}
	return o, nil
}
