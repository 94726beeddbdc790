package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"k6report/internal/k6exec"
)

// root builds the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "k6report",
		Short: "what happened in a k6 run, can it be believed, is it worse than before, and why",
		Long: `k6report reads what a k6 run left behind and answers: what happened, can it be
believed, is it worse than before, and why.

Every flag has an environment variable: --fail-on is K6REPORT_FAIL_ON. A flag
counts over the environment, that over k6report.yaml, that over the default. Only
snapshot --out has no variable: K6REPORT_OUT names a folder, for the other verbs.

Exit codes: 0 nothing that --fail-on names; 1 the tool failed; 2 wrong usage or
configuration; 3 regressed; 4 a threshold or service level failed; 5 another
status that --fail-on names; 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noVerb(args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			return a.flagsFromEnvironment(c.Flags())
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{hinted{err, c.CommandPath() + " --help lists its flags"}}
	})
	root.AddCommand(
		a.analyzeCommand(), a.compareCommand(), a.snapshotCommand(), a.renderCommand(), a.runCommand(),
		a.ciCommand(), a.publishCommand(),
		a.baselineCommand(), a.trendCommand(), a.initCommand(), a.versionCommand(),
	)
	root.AddCommand(a.releaseCommands()...)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseArguments(root)
	return root
}

// helpCommand is cobra's, but for a verb that does not exist, which is wrong
// usage as everywhere.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [verb]",
		Short: "say what a verb does and which flags it has",
		// The environment's flags are not its own.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noVerb(args[0])
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

func noVerb(name string) error {
	return usageError{hinted{fmt.Errorf("there is no verb %q", name), "k6report help lists them"}}
}

// refuseArguments makes wrong arguments wrong usage for cobra's own commands,
// too.
func refuseArguments(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.RunE = func(c *cobra.Command, args []string) error { return c.Help() }
		for _, shell := range append(c.Commands(), c) {
			shell.Args = noArgs
		}
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, "k6report", a.version)
			return err
		},
	}
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, not %q", c.CommandPath(), args[0])}
	}
	return nil
}

// environmentPrefix starts the name of every variable that stands for a flag.
const environmentPrefix = "K6REPORT_"

// onlyFlag marks a flag that has no variable.
const onlyFlag = "k6report_only_flag"

// fromEnvironment marks a flag that a variable has set.
const fromEnvironment = "k6report_from_environment"

// flagsFromEnvironment sets the flags that the command line left open.
func (a *app) flagsFromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := a.getenv(name)
		if f.Changed || !ok || failed != nil || f.Name == "help" || f.Annotations[onlyFlag] != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = usageError{fmt.Errorf("read %s: %w", name, err)}
			return
		}
		if f.Annotations == nil {
			f.Annotations = make(map[string][]string)
		}
		f.Annotations[fromEnvironment] = []string{name}
	})
	return failed
}

// getenv looks a variable up; an empty one counts as not set.
func (a *app) getenv(name string) (string, bool) {
	value, _ := k6exec.LookupEnv(a.env, name)
	return value, value != ""
}

// documented are the commands that users call, parents first.
func documented(c *cobra.Command) []*cobra.Command {
	if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
		return nil
	}
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		list = append(list, documented(sub)...)
	}
	return list
}
