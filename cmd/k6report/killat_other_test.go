//go:build !linux

package main

import (
	"fmt"
	"os"
)

func killAt([]string) int {
	fmt.Fprintln(os.Stderr, "killat: only Linux can be asked where a program is")
	return exitFailed
}
