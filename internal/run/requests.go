package run

import (
	"cmp"
	"slices"
	"time"
)

// Requests are the request tables: every request rejoined from its samples,
// with the server's times of it where a join exists, reduced to histograms.
type Requests struct {
	// BlockLength is the length of a Block: a power of two of seconds.
	BlockLength time.Duration
	// Columns name the parts of a request's time: the client's own first (see
	// ClientColumns), then the metrics joined to requests, by name. At most 24:
	// for those that have none see [Metric].
	Columns []string `mask:"metric"`
	// NoTimes are metrics that were joined to requests before it was known that
	// they are no Trends, by name. They take up room like columns.
	NoTimes []string `mask:"metric"`
	// Tables are in order of their endpoints.
	Tables []Table
	// ExcludedGroups are the groups whose requests were left out of all tables
	// while they were made, by name: see [Options].
	ExcludedGroups []string
	// Unjoined counts samples that named a request which was not there, or no
	// longer: their times are in their series, but in no table.
	Unjoined uint64
}

// Endpoint is what requests are told apart by.
type Endpoint struct {
	// Protocol is one of [Protocols]; iteration is for the pseudo-endpoint of a
	// scenario's iterations.
	Protocol string `json:"protocol"`
	// Name is the name tag, with variable parts of URLs replaced; a scenario's
	// name for iterations. "" when samples carry none.
	Name   string `json:"name"`
	Method string `json:"method,omitempty"`
}

// Table holds the requests of one endpoint, without set-up and teardown.
type Table struct {
	Endpoint
	// First and Last are the earliest and the latest start of a request, in
	// nanoseconds since the Unix epoch.
	First, Last int64
	Blocks      []Block // in order of time; only those that hold requests
}

// Block is the requests that started between Index and Index+1 block lengths
// after the Unix epoch.
type Block struct {
	Index int64
	// Count is the number of requests, Failed those that k6 counts as failed,
	// Timeouts those that ran into a time limit.
	Count, Failed, Timeouts uint64
	// Durations is the distribution of the protocol's own duration (for HTTP
	// http_req_duration) at BlockBits, in milliseconds.
	Durations *Sketch
	Rows      Rows
}

// The columns a client's request is made of: Client is the wait for a free
// connection, max(0, blocked − connecting − tls_handshaking).
const (
	ColumnClient = iota
	ColumnConnecting
	ColumnTLS
	ColumnSending
	ColumnWaiting
	ColumnReceiving
	clientColumns
)

// maxColumns bounds the width of a row.
const maxColumns = 24

// ClientColumns are the names of the first columns of every Requests.
func ClientColumns() []string {
	return []string{"client", "connecting", "tls_handshaking", "sending", "waiting", "receiving"}
}

// Joined reports whether any request has times of the server.
func (t Table) Joined() bool {
	return slices.ContainsFunc(t.Blocks, func(b Block) bool {
		return slices.ContainsFunc(b.Rows.List, func(row Row) bool { return row.Joined > 0 })
	})
}

// RowRange is the interval of T of a row, in milliseconds. The last row's has
// no upper end.
func RowRange(bin uint32) Range { return cellRange(bin, TableBits) }

// RowOf is the bin of a time T in milliseconds, from 0 up.
func RowOf(ms float64) uint32 { return cellOf(ms, TableBits) }

// Compare orders endpoints by protocol, name and method.
func (e Endpoint) Compare(o Endpoint) int {
	return cmp.Or(cmp.Compare(e.Protocol, o.Protocol), cmp.Compare(e.Name, o.Name), cmp.Compare(e.Method, o.Method))
}
