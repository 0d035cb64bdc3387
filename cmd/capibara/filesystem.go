package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileSystemKind says what a file system promises to a database.
type fileSystemKind uint8

const (
	fileSystemLocal    fileSystemKind = iota // or one that nothing is known of
	fileSystemNetwork                        // another machine writes, and locks may hold on this one alone
	fileSystemUserland                       // FUSE: a program writes, and nobody knows where to
	fileSystemUnsteady                       // local, and numbers its files anew whenever it is mounted
)

// fileSystem is what a folder lies on.
type fileSystem struct {
	name string // as people know it; "" for a local one
	kind fileSystemKind
}

// linuxFileSystem tells a file system by the number that Linux knows it by, f_type of statfs(2).
func linuxFileSystem(magic uint32) fileSystem {
	switch magic {
	case 0x6969:
		return fileSystem{"NFS", fileSystemNetwork}
	case 0x517B:
		return fileSystem{"SMB", fileSystemNetwork}
	case 0xFE534D42:
		return fileSystem{"SMB 2", fileSystemNetwork}
	case 0xFF534D42:
		return fileSystem{"CIFS", fileSystemNetwork}
	case 0x5346414F, 0x6B414653:
		return fileSystem{"AFS", fileSystemNetwork}
	case 0x01021997:
		return fileSystem{"9p", fileSystemNetwork}
	case 0x73757245:
		return fileSystem{"Coda", fileSystemNetwork}
	case 0x564C:
		return fileSystem{"NCP", fileSystemNetwork}
	case 0x00C36400:
		return fileSystem{"Ceph", fileSystemNetwork}
	case 0x0BD00BD0:
		return fileSystem{"Lustre", fileSystemNetwork}
	case 0x19830326:
		return fileSystem{"BeeGFS", fileSystemNetwork}
	case 0x47504653:
		return fileSystem{"GPFS", fileSystemNetwork}
	case 0x01161970:
		return fileSystem{"GFS2", fileSystemNetwork}
	case 0x7461636F:
		return fileSystem{"OCFS2", fileSystemNetwork}
	case 0x786F4256:
		return fileSystem{"a shared folder of VirtualBox", fileSystemNetwork}
	case 0xBACBACBC:
		return fileSystem{"a shared folder of VMware", fileSystemNetwork}
	case 0x7C7C6673:
		return fileSystem{"a shared folder of Parallels", fileSystemNetwork}
	case 0x65735546:
		return fileSystem{"FUSE", fileSystemUserland}
	case 0x4D44:
		return fileSystem{"FAT", fileSystemUnsteady}
	case 0x2011BAB0:
		return fileSystem{"exFAT", fileSystemUnsteady}
	}
	return fileSystem{}
}

// darwinFileSystem tells a file system by its name, f_fstypename of statfs(2).
func darwinFileSystem(name string) fileSystem {
	switch name = strings.ToLower(name); name {
	case "nfs":
		return fileSystem{"NFS", fileSystemNetwork}
	case "smbfs", "cifs":
		return fileSystem{"SMB", fileSystemNetwork}
	case "afpfs":
		return fileSystem{"AFP", fileSystemNetwork}
	case "webdav":
		return fileSystem{"WebDAV", fileSystemNetwork}
	case "ftp":
		return fileSystem{"FTP", fileSystemNetwork}
	case "msdos":
		return fileSystem{"FAT", fileSystemUnsteady}
	case "exfat":
		return fileSystem{"exFAT", fileSystemUnsteady}
	}
	if strings.Contains(name, "fuse") {
		return fileSystem{"FUSE", fileSystemUserland}
	}
	return fileSystem{}
}

// dataFileSystem is what the data folder lies on, or will lie on: that of the nearest folder that is there.
func (c *config) dataFileSystem() (fileSystem, error) {
	for folder := c.Folders.Data; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) && filepath.Dir(folder) != folder {
			continue
		}
		found, err := fileSystemOf(folder)
		if err != nil {
			return found, fmt.Errorf("finding out what %s lies on: %w", folder, err)
		}
		return found, nil
	}
}

// steadyData refuses to work with a database on a network file system, unless the configuration takes that. It returns a
// remark about one that nothing is known of.
func (c *config) steadyData() (remark string, err error) {
	on, err := c.dataFileSystem()
	if err != nil {
		return "", err
	}
	return c.steadyOn(on)
}

func (c *config) steadyOn(on fileSystem) (remark string, err error) {
	switch {
	case on.kind == fileSystemNetwork && !c.Folders.DataNetwork:
		return "", failed("name a folder on a local disk under folders.data in the configuration; the inbox may stay on the share. folders.data_network: true accepts the risk",
			"%s lies on a network file system (%s), where two machines may work with one database and what was written may be lost", c.Folders.Data, on.name)
	case on.kind == fileSystemUserland:
		return fmt.Sprintf("%s lies on %s: nobody can tell whether it keeps what was written and locked; a local disk is better", c.Folders.Data, on.name), nil
	}
	return "", nil
}
