package k6exec

import "syscall"

// ownGroup keeps a terminal's Ctrl-C away from k6, and has k6 told to stop when
// this process dies, so that it doesn't go on loading the target unseen.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
