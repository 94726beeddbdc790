// Package ingest reads what k6 left behind into a [run.Run]: samples as k6
// writes them with --out json or --out csv (plain or gzip), its end-of-test summary, the
// plan that k6 inspect prints, and snapshots. The format is found by content.
//
// Readers stream: memory does not grow with the input. They judge nothing, and
// they never give up for a bad line: what could not be used is counted and
// becomes a run.Problem with file and line. The same input gives the same Run
// on any number of cores.
//
// A new source is one file with a read function and one row in the table of
// formats (formats.go).
package ingest
