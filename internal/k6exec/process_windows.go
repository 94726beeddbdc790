package k6exec

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// ownGroup keeps the console's Ctrl-C away from k6.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interrupt asks k6 to stop. A new group ignores Ctrl-C but not Ctrl-Break, and
// Go programs such as k6 take both for an interrupt.
func interrupt(p *os.Process) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}

// kill ends k6. An error means that there is nothing left to end.
func kill(p *os.Process) { _ = p.Kill() }

// signalName returns "": Windows has no signals.
func signalName(*os.ProcessState) string { return "" }
