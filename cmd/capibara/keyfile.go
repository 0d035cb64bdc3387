package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxKey bounds a file with a token or a secret; a larger one is neither.
const maxKey = 64 << 10

// readKey reads a file that holds nothing but a token or a secret, as an editor on any system may have written it.
func readKey(path string) (text string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer closing(&err, f, path)
	text, err = decodeKey(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

var errKeyTooLarge = errors.New("this is too large for a token or a secret")

// decodeKey reads all of r, which a byte order mark may open.
func decodeKey(r io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxKey+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxKey {
		return "", errKeyTooLarge
	}
	text, err := io.ReadAll(transform.NewReader(bytes.NewReader(raw), unicode.BOMOverride(transform.Nop)))
	return string(text), err
}

// kept says in a sentence what is loose about a file that holds a secret, "" when nothing is. It refuses a file that
// everybody may write, since the next token in it would be anybody's. Two kinds of files are let off with the sentence,
// because nobody can change their mode: secrets that Kubernetes mounts, and those on a file system without modes, which
// shows every file as executable.
func (k keyKind) kept(path string) (string, error) {
	if runtime.GOOS == "windows" {
		return "", nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	mode := info.Mode().Perm()
	switch {
	case !info.Mode().IsRegular():
		return "", nil // a pipe or a device is read once and keeps nothing
	case mode&0o002 != 0 && mode&0o111 == 0 && !mountedSecret(path):
		return "", &looseError{fmt.Sprintf("everybody on this machine may change %s, so nobody can tell whose %s is in it", path, k.what),
			"run `chmod 600 " + path + "`, and make sure that the right one is in it"}
	case mode&0o006 != 0:
		return fmt.Sprintf("others on this machine can read the %s in %s; `chmod 600 %s` takes care of it", k.what, path, path), nil
	case foreign(info):
		return fmt.Sprintf("%s belongs to another user, who can change the %s in it; make it belong to the user who runs capibara", path, k.what), nil
	}
	return "", nil
}

// looseError refuses a file, with the way out.
type looseError struct{ text, hint string }

// Error is the sentence.
func (e *looseError) Error() string { return e.text }

// Hint is the way out.
func (e *looseError) Hint() string { return e.hint }

// mountedSecret reports whether a file is one of a volume that Kubernetes mounts: a link into a folder named ..data, which
// it replaces as a whole.
func mountedSecret(path string) bool {
	for range 2 { // the file, or the folder that it is in
		if to, err := os.Readlink(path); err == nil && strings.HasPrefix(filepath.ToSlash(to), "..data/") {
			return true
		}
		path = filepath.Dir(path)
	}
	return false
}
