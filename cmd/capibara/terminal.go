package main

import (
	"os"

	"golang.org/x/term"
)

func terminalFile(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// width is how many columns a stream shows; 0 when it is no terminal.
func width(stream any) int {
	f, ok := stream.(*os.File)
	if !ok || !terminalFile(f) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
