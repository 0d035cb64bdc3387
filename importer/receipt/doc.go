// Package receipt writes the pages that somebody sees who sees nothing of this program but a shared folder: what became of
// a file, and how everything stands. Plain data goes in and one HTML file comes out that opens in any browser, without
// network and without scripts, on paper and on a phone, in light and in dark.
//
// A page holds no personal data: counts, sums, names of columns and of files, and sentences. No value of a cell may be
// handed to this package. Whatever is handed to it is escaped.
package receipt
