// Package importer turns a file into events. It reads the file (a workbook, CSV or JSON), maps the members of every record onto an
// event as a source's configuration says, normalises and hashes what identifies a person, and hands the result to the
// outbox in chunks, with a fate and a reason for every single record.
//
// One goroutine cuts the file into blocks of whole records, two workers make events of them, one commits the blocks in
// order. Memory is bounded whatever the size of the file. What a record holds never reaches a log, an error or a report.
package importer
