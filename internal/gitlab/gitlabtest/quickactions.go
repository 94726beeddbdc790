package gitlabtest

import (
	"regexp"
	"slices"
	"strings"
)

// quickAction is a line that GitLab takes for a command. GitLab wants the slash
// at the start of a line; newer versions read paragraphs, which may be indented.
// Any of Unicode's line ends counts here: stricter than GitLab is safer.
var quickAction = regexp.MustCompile(`(?i)^ {0,3}/([a-z_]+)(?:[ \t]+(.*))?$`)

// actions are GitLab's quick actions on merge requests, as of 18.x. GitLab does
// not tell capitals from small letters.
var actions = strings.Fields(` add_child approve assign assign_reviewer award board_move cc checkin_reminder child clear_weight close confidential
 convert_to_ticket copy_metadata create_merge_request done draft due duplicate epic estimate estimate_time health_status
 invite_email iteration label labels link lock merge milestone move page parent promote publish ready reassign
 reassign_reviewer rebase reopen react relabel relate remove_contacts remove_due_date remove_email remove_estimate
 remove_iteration remove_label remove_milestone remove_parent remove_time_spent request_changes request_review
 run_pipeline set_parent severity shrug spend spend_time spent submit_review subscribe tableflip tag target_branch
 timeline title todo type unapprove unassign unassign_reviewer undraft unlabel unlink unlock unrelate unreviewed
 unsubscribe weight wip zoom`)

var lineEnd = regexp.MustCompile("\r\n|[\n\r\v\f\u0085\u2028\u2029]")

// QuickActions are the commands of a note, "/close" or "/label ~x", and the
// note without them. Fenced code blocks hold none.
func QuickActions(body string) (rest string, commands []string) {
	var kept []string
	fenced := ""
	for _, line := range lineEnd.Split(body, -1) {
		trimmed := strings.TrimLeft(line, " ")
		if indent := len(line) - len(trimmed); indent <= 3 {
			for _, fence := range []string{"```", "~~~"} {
				if !strings.HasPrefix(trimmed, fence) {
					continue
				}
				switch fenced {
				case "":
					fenced = fence
				case fence:
					fenced = ""
				}
				break
			}
		}
		if m := quickAction.FindStringSubmatch(strings.TrimRight(line, " \t")); m != nil && fenced == "" && slices.Contains(actions, strings.ToLower(m[1])) {
			commands = append(commands, strings.TrimSpace("/"+strings.ToLower(m[1])+" "+m[2]))
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n"), commands
}

// do does a command, as far as the merge request shows it.
func (m *mergeRequest) do(command string) {
	m.did = append(m.did, command)
	name, _, _ := strings.Cut(command, " ")
	switch name {
	case "/close":
		m.state = "closed"
	case "/reopen":
		m.state = "opened"
	case "/merge":
		m.state = "merged"
	}
}
