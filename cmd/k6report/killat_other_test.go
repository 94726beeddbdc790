//go:build !linux || (!amd64 && !arm64)

package main

import (
	"fmt"
	"os"
)

func killAt([]string) int {
	fmt.Fprintln(os.Stderr, "killat: only Linux on amd64 or arm64 is asked where a program is")
	return exitFailed
}
