package gitlabtest

import (
	"slices"
	"strings"
	"testing"
)

// Every action is seen, in capitals and behind text, too.
func TestEveryQuickActionIsSeen(t *testing.T) {
	for _, name := range []string{"target_branch", "confidential", "close", "zoom", "health_status", "add_child"} {
		if !slices.Contains(actions, name) {
			t.Errorf("%s is unknown", name)
		}
	}
	for _, name := range actions {
		for _, line := range []string{"/" + name, "/" + strings.ToUpper(name) + " x", "  /" + name + "\tx"} {
			rest, commands := QuickActions("before\n" + line + "\nafter")
			if len(commands) != 1 || !strings.HasPrefix(commands[0], "/"+name) || rest != "before\nafter" {
				t.Errorf("%q: %v, %q", line, commands, rest)
			}
		}
	}
}
