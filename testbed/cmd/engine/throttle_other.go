//go:build !unix

package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"
)

// errNoThrottle says that a process can't be stopped and continued here.
var errNoThrottle = errors.New("fault throttle: unsupported on " + runtime.GOOS + ": it stops and continues the process by signals, as Unix has them")

func throttle(context.Context, time.Duration, time.Duration) (release func() error, err error) {
	return nil, errNoThrottle
}

func beThrottle(string, io.Reader) error { return errNoThrottle }
