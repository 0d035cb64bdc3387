package main

import (
	"strings"
	"testing"
)

func TestFileSystems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		magic uint32
		kind  fileSystemKind
	}{
		"ext4": {0xEF53, fileSystemLocal}, "xfs": {0x58465342, fileSystemLocal}, "btrfs": {0x9123683E, fileSystemLocal}, "zfs": {0x2FC12FC1, fileSystemLocal},
		"tmpfs": {0x01021994, fileSystemLocal}, "overlay": {0x794C7630, fileSystemLocal}, "": {0, fileSystemLocal},
		"NFS": {0x6969, fileSystemNetwork}, "SMB": {0x517B, fileSystemNetwork}, "SMB 2": {0xFE534D42, fileSystemNetwork}, "CIFS": {0xFF534D42, fileSystemNetwork},
		"AFS": {0x5346414F, fileSystemNetwork}, "9p": {0x01021997, fileSystemNetwork}, "Ceph": {0x00C36400, fileSystemNetwork},
		"Lustre": {0x0BD00BD0, fileSystemNetwork}, "FUSE": {0x65735546, fileSystemUserland}, "exFAT": {0x2011BAB0, fileSystemUnsteady},
	} {
		found := linuxFileSystem(tc.magic)
		if found.kind != tc.kind || tc.kind != fileSystemLocal && found.name != name {
			t.Errorf("%s (%#x) is found to be %+v", name, tc.magic, found)
		}
	}
	for name, want := range map[string]fileSystem{"apfs": {}, "hfs": {}, "nfs": {"NFS", fileSystemNetwork}, "smbfs": {"SMB", fileSystemNetwork},
		"afpfs": {"AFP", fileSystemNetwork}, "webdav": {"WebDAV", fileSystemNetwork}, "macfuse": {"FUSE", fileSystemUserland},
		"osxfuse": {"FUSE", fileSystemUserland}, "exfat": {"exFAT", fileSystemUnsteady}} {
		if found := darwinFileSystem(name); found != want {
			t.Errorf("%s is found to be %+v", name, found)
		}
	}
}

// TestDataOnALocalDisk asks the system itself, for a folder that is not there yet.
func TestDataOnALocalDisk(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Folders.Data = t.TempDir() + "/not/yet"
	if remark, err := c.steadyData(); remark != "" || err != nil {
		t.Errorf("a local disk: %q, %v", remark, err)
	}
}

func TestDataOnANetwork(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		on       fileSystem
		accepted bool
		refused  string
		remark   string
	}{
		"local":          {on: fileSystem{}},
		"FAT":            {on: fileSystem{"FAT", fileSystemUnsteady}},
		"NFS":            {on: fileSystem{"NFS", fileSystemNetwork}, refused: "/srv/data lies on a network file system (NFS), where two machines"},
		"NFS, knowingly": {on: fileSystem{"NFS", fileSystemNetwork}, accepted: true},
		"FUSE":           {on: fileSystem{"FUSE", fileSystemUserland}, remark: "/srv/data lies on FUSE: nobody can tell"},
	} {
		c := defaults()
		c.Folders.Data, c.Folders.DataNetwork = "/srv/data", tc.accepted
		remark, err := c.steadyOn(tc.on)
		if (err != nil) != (tc.refused != "") || err != nil && (!strings.Contains(err.Error(), tc.refused) || !strings.Contains(hintOf(err), "folders.data_network: true")) {
			t.Errorf("%s: %v, hint %q", name, err, hintOf(err))
		}
		if (remark != "") != (tc.remark != "") || !strings.Contains(remark, tc.remark) {
			t.Errorf("%s: the remark is %q", name, remark)
		}
	}
}
