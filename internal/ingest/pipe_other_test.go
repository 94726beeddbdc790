//go:build !unix

package ingest

import (
	"testing"

	"k6report/internal/needs"
)

func makePipe(t *testing.T, _ string) { needs.LeaveOut(t, "this system has no named pipes") }
