// Package stat holds the pure statistics of k6report: estimates, intervals and
// tests over plain numbers, each with the source of its method.
//
// It knows nothing of runs, metrics or reports, draws no conclusions in words,
// and keeps no state. A value that doesn't exist is NaN or comes with a false.
package stat
