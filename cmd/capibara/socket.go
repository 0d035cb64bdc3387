package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// maxSocketPath is what every system takes: the kernel's field for it holds 104 to 108 bytes.
const maxSocketPath = 100

// socketPath is where a running process serves a home. It lies beside the database; when that path is too long for a
// socket it lies in a folder of its own in the system's temporary folder, whose name follows from the database's path.
// Symbolic links are followed first, so that everybody finds it by whatever way they came.
func socketPath(c *config) (path string, elsewhere bool) {
	data, err := filepath.EvalSymlinks(c.Folders.Data)
	if err != nil { // there is no such folder, so nobody serves from it
		data = c.Folders.Data
	}
	path = filepath.Join(data, "capibara.sock")
	if len(path) <= maxSocketPath {
		return path, false
	}
	sum := sha256.Sum256([]byte(filepath.Join(data, filepath.Base(c.database()))))
	return filepath.Join(os.TempDir(), "capibara-"+hex.EncodeToString(sum[:6]), "capibara.sock"), true
}

// dialSocket connects to the process that serves this home. It returns nil and no error when nobody serves.
func dialSocket(ctx context.Context, c *config) (net.Conn, error) {
	path, elsewhere := socketPath(c)
	if _, err := os.Lstat(path); err != nil {
		return nil, nil
	}
	if elsewhere {
		if err := trustFolder(filepath.Dir(path), c.Folders.Data); err != nil {
			return nil, err
		}
	}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, os.ErrPermission):
		return nil, failed("run the command as the user who runs capibara, or as a member of its group",
			"the process that serves %s does not let this user in", c.Home)
	}
	// What is left of a process that was killed: the database's lock decides who works on it.
	return nil, nil
}

// listenSocket opens the socket of this home. The caller holds the database, so that a socket that nobody answers on is
// what a killed process left behind.
func listenSocket(ctx context.Context, c *config) (net.Listener, error) {
	path, elsewhere := socketPath(c)
	if elsewhere {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("making the socket's folder: %w", err)
		}
		if err := trustFolder(filepath.Dir(path), c.Folders.Data); err != nil {
			return nil, err
		}
	}
	if conn, err := dialSocket(ctx, c); err != nil || conn != nil {
		if conn != nil {
			err = errors.Join(failed("stop it first", "another process answers on %s", path), conn.Close())
		}
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the socket of a process that has ended: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("serving %s: %w", path, err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("protecting %s: %w", path, err), l.Close())
	}
	if elsewhere {
		return lodger{l, filepath.Dir(path)}, nil
	}
	return l, nil
}

// lodger is a socket in a folder of its own, which goes with it.
type lodger struct {
	net.Listener
	folder string
}

// Close closes the socket and removes its folder.
func (l lodger) Close() error {
	err := l.Listener.Close()
	if rerr := os.Remove(l.folder); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("removing the socket's folder: %w", rerr))
	}
	return err
}

// trustFolder refuses a folder in a public place that somebody else made before us.
func trustFolder(folder, ours string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("looking at the socket's folder: %w", err)
	}
	home, err := os.Stat(ours)
	if err != nil {
		return fmt.Errorf("looking at the data folder: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !sameOwner(info, home) {
		return failed("remove it, or use a home with a shorter path", "the folder %s belongs to somebody else", folder)
	}
	return nil
}
