// Package powerloss shows a test what a disk may hold after the power went. It records what a process does to its files,
// with strace, and makes images of the disk as it may have been at any moment of it.
//
// What it assumes is what POSIX promises and no more, but for one thing. A write that was not synced is on the disk, or is
// not, or is in part, sector by sector and in any order. A name that was made, changed or removed is durable when its
// folder was synced; before that it may be on the disk, and as journalling file systems do, never without the changes of
// names that came before it.
package powerloss
