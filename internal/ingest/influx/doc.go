// Package influx fetches the points of one run of k6 from an InfluxDB: of
// version 1.x by InfluxQL, of 2.x and Cloud by Flux. It finds the run, asks for
// it in slices of time, several at once, and hands over the points of whole
// series. What they mean it does not know: that is package ingest's.
//
// It never writes, and asks for nothing but what k6 wrote.
package influx
