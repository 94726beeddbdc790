// Command gallery writes a made-up run as k6 does with --out json: for reports
// of runs that take too long to be made each time.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"k6report/internal/k6gen"
)

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	o := k6gen.Options{Seed: 1, Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	flag.DurationVar(&o.Duration, "duration", time.Hour, "of the run")
	flag.Float64Var(&o.Rate, "rate", 5, "requests a second")
	flag.IntVar(&o.Endpoints, "endpoints", 12, "how many there are")
	flag.BoolVar(&o.Components, "components", false, "with a server's times")
	flag.Parse()
	if _, err := k6gen.Write(os.Stdout, o); err != nil { // which buffers
		fmt.Fprintln(os.Stderr, "gallery: error: write a run:", err)
		os.Exit(1)
	}
}
