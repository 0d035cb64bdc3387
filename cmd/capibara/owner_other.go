//go:build !unix

package main

import "os"

// foreign leaves it to the rights of the file, which Go does not show here.
func foreign(os.FileInfo) bool { return false }
