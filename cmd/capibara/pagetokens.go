package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"capibara/audit/web"
)

// pageToken is a token by which somebody signs in to the page, as it is kept: without the token itself.
type pageToken struct {
	Name   string    `json:"name"`
	Role   web.Role  `json:"role"`
	SHA256 string    `json:"sha256"`
	MadeAt time.Time `json:"made_at"`
	MadeBy string    `json:"made_by"`
}

// pageTokensPath is the file that holds the tokens of the page. A running process reads it again when it has changed.
func pageTokensPath(c *config) string { return filepath.Join(c.Folders.Data, "page-tokens.json") }

// newPageToken makes a token of 256 random bits. Its beginning tells what finds secrets in the wrong places what it is.
func newPageToken() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	return "capibara_page_" + base64.RawURLEncoding.EncodeToString(random[:])
}

// readPageTokens reads the file; without one there are no tokens.
func readPageTokens(c *config) ([]pageToken, error) {
	text, err := os.ReadFile(pageTokensPath(c))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the tokens of the page: %w", err)
	}
	var kept []pageToken
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, failed("remove it, and make the tokens anew with `capibara token page add`", "%s cannot be read as the tokens of the page: %w", pageTokensPath(c), err)
	}
	for _, t := range kept {
		if _, err := t.token(); err != nil {
			return nil, failed("remove it, and make the tokens anew with `capibara token page add`", "%s: %w", pageTokensPath(c), err)
		}
	}
	return kept, nil
}

// token is what the page compares with.
func (t pageToken) token() (web.Token, error) {
	sum, err := hex.DecodeString(t.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return web.Token{}, fmt.Errorf("the token %q has no hash", t.Name)
	}
	if t.Role != web.Reader && t.Role != web.Operator {
		return web.Token{}, fmt.Errorf("the token %q has no role", t.Name)
	}
	return web.Token{Name: t.Name, Role: t.Role, SHA256: [sha256.Size]byte(sum)}, nil
}

// changePageTokens has change say what the tokens are from now on. Commands that change them at the same time do so one after the
// other, so that none takes back what another did.
func changePageTokens(ctx context.Context, c *config, change func([]pageToken) ([]pageToken, error)) (err error) {
	release, err := lockPageTokens(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	tokens, err := readPageTokens(c)
	if err != nil {
		return err
	}
	if tokens, err = change(tokens); err != nil {
		return err
	}
	return writePageTokens(c, tokens)
}

// pageTokensPatience is how long a command waits for another one that changes the tokens.
const pageTokensPatience = 10 * time.Second

// lockPageTokens keeps other commands from changing the tokens until release is called. It locks a file beside them, which stays:
// theirs is replaced by another one.
func lockPageTokens(ctx context.Context, c *config) (release func() error, err error) {
	path := filepath.Join(c.Folders.Data, "page-tokens.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keeping other commands from the tokens of the page: %w", err)
	}
	for began := time.Now(); ; {
		free, err := lockFile(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("keeping other commands from the tokens of the page: %w", err), f.Close())
		}
		if free {
			return f.Close, nil
		}
		if time.Since(began) > pageTokensPatience {
			return nil, errors.Join(failed("try it again", "another command is changing the tokens of the page; nothing was changed"), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// writePageTokens replaces the file as a whole, readable for its owner alone.
func writePageTokens(c *config, tokens []pageToken) error {
	text, err := json.MarshalIndent(tokens, "", "  ")
	if err != nil {
		return err
	}
	if _, err := writeKey(pageTokensPath(c), string(text)); err != nil {
		return fmt.Errorf("keeping the tokens of the page: %w", err)
	}
	return nil
}

// pageTokenFile follows the file of tokens while a process runs.
type pageTokenFile struct {
	config *config

	mu     sync.Mutex
	read   os.FileInfo // of the file as it was read; nil when there was none
	tokens []web.Token
}

// current are the tokens as the file has them now. A file is replaced as a whole, so that another one is another file.
func (f *pageTokenFile) current() ([]web.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(pageTokensPath(f.config))
	if errors.Is(err, fs.ErrNotExist) {
		f.read, f.tokens = nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking at the tokens of the page: %w", err)
	}
	if f.read != nil && os.SameFile(f.read, info) && f.read.ModTime().Equal(info.ModTime()) && f.read.Size() == info.Size() {
		return f.tokens, nil
	}
	kept, err := readPageTokens(f.config)
	if err != nil {
		return nil, err
	}
	var tokens []web.Token
	for _, k := range kept {
		t, err := k.token()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	f.read, f.tokens = info, tokens
	return slices.Clone(tokens), nil
}
