package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is what the figures depend on.
type machine struct {
	cores  int
	cpu    string
	memory int64  // bytes; 0 when unknown
	load   string // runnable processes in the last minute; "" when unknown
}

func thisMachine() machine {
	m := machine{cores: runtime.NumCPU(), cpu: "unknown CPU"}
	// Linux only; elsewhere these files are absent, and the fields say so.
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindSubmatch(b); model != nil {
			m.cpu = string(model[1])
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if total := regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`).FindSubmatch(b); total != nil {
			kb, _ := strconv.ParseInt(string(total[1]), 10, 64) // digits only; too many of them leave it unknown
			m.memory = kb * 1024
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(b), " ")
	}
	return m
}

func (m machine) String() string {
	parts := []string{fmt.Sprintf("%d cores (%s)", m.cores, m.cpu), runtime.GOOS + "/" + runtime.GOARCH}
	if m.memory > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GB of memory", float64(m.memory)/1e9))
	}
	parts = append(parts, runtime.Version())
	if m.load != "" {
		parts = append(parts, "load "+m.load+" at the start")
	}
	return strings.Join(parts, ", ")
}

// heading says what was measured where.
func (h *harness) heading(ctx context.Context) string {
	var b strings.Builder
	if h.scale != 1 {
		fmt.Fprintf(&b, "**Sizes × %g: this tries out the harness, and measures nothing.**\n\n", h.scale)
	}
	fmt.Fprintf(&b, "%s, k6report %s, on %s.\n", h.now().UTC().Format(time.DateOnly), h.version, h.machine)
	fmt.Fprintf(&b, "Medians of %d runs, of %d for commands of milliseconds, one for jq; page cache warm; seed %d.\n",
		h.n, h.n*quickFactor, h.seed)
	var peers []string
	for _, name := range []string{"wc", "gzip", "jq"} {
		if v := firstLine(ctx, name); v != "" {
			peers = append(peers, v)
		}
	}
	if len(peers) > 0 {
		fmt.Fprintf(&b, "Peers: %s.\n", strings.Join(peers, ", "))
	}
	return b.String()
}

// firstLine is what a program says of its version, "" where it can't be had.
func firstLine(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
