package main

import "capibara/importer"

// nearest returns the known word that a person most likely meant, "" when none is near enough.
func nearest(word string, known []string) string { return importer.Nearest(word, known) }
