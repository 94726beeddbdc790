//go:build unix

package k6exec

import (
	"os"
	"syscall"
)

// interrupt asks k6 to stop.
func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }

// kill ends k6 and what it has started, such as a browser. An error means that
// there is nothing left to end.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// signalName returns the name of the signal that ended a process, or "".
func signalName(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal().String()
	}
	return ""
}
