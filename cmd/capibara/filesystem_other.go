//go:build !linux && !darwin

package main

// fileSystemOf takes every file system for a local one: Go does not show it here.
func fileSystemOf(string) (fileSystem, error) { return fileSystem{}, nil }
