// Package ingest reads what k6 left behind into a [run.Run]: samples as k6 writes
// them with --out json or --out csv (plain or gzip) or into an InfluxDB, its
// end-of-test summary, the plan that k6 inspect prints, the record of the process
// that k6report run keeps, and snapshots. The format of a file is found by content.
//
// Readers stream: memory does not grow with the input. They judge nothing, and
// they never give up for a bad line: what could not be used is counted and
// becomes a run.Problem with file and line. The same input gives the same Run
// on any number of cores.
//
// A new source is one file and one row in the table of formats (formats.go). For a
// file it is how to know and to read it: newformat_test.go has one of a log that
// tells of requests as a whole. For a database it is a [Database] that finds
// the run (databases.go); cmd/k6report has a row that says by which URLs.
package ingest
