//go:build !man

package main

import "github.com/spf13/cobra"

// releaseCommands are none in the program that is released.
func (a *app) releaseCommands() []*cobra.Command { return nil }
