//go:build !unix

package main

import "os"

func peakMemory(*os.ProcessState) (bytes int64, known bool) { return 0, false }

func freeBytes(string) (bytes int64, known bool) { return 0, false }
