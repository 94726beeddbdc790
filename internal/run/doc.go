// Package run holds the measured value: what one execution of k6 left behind,
// reduced to a size that does not depend on how long it ran.
//
// A [Run] is immutable once built. It comes from a [Builder], which takes
// samples one by one and keeps memory bounded, from [Merge], or from a
// snapshot ([Decode]). Adding is exact and commutative: counts are integers,
// sums are fixed-point, distributions are bins of the float's own bits, and
// every limit (windows, blocks, tag values) is a function of the set of
// samples, never of their order. So any split of the same samples over files,
// goroutines or machines gives the same Run, to the byte.
//
// The package judges nothing (see analyze), reads no k6 format (see ingest)
// and imports nothing of this module.
package run
