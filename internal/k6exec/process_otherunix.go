//go:build unix && !linux

package k6exec

import "syscall"

// ownGroup keeps a terminal's Ctrl-C away from k6.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
