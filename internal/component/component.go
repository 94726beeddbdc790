// Package component is the table of what a request's time is spent in: what each
// component is called, which times of it a server may tell, what is to blame where
// one of them grows, and what to do about it.
//
// A component is a file of this package and a row of [All]. Configuration, analysis
// and pictures go by the table, and make reference writes it to where it can't be
// imported: into the scripts' server-timing.js and the documentation.
package component

// The whole time of a request in the server, which all times that it tells are parts
// of: its Server-Timing entry, and the metric that the scripts make of it.
const (
	Total       = "total"
	TotalMetric = "workflow_server_ms"
)

// Component is one of the things that a request's time is spent in.
type Component struct {
	// Name is what reports and configuration files call it.
	Name string
	// Outside says that its time passes outside of the server, which tells nothing of it.
	Outside bool
	// Line says that it is a line in front of all that follows: it grows where
	// requests take longer behind it.
	Line bool
	// Counted says that it has a number of servers that can all be busy, such as the
	// connections of a pool.
	Counted bool
	// Overhead says that its time in the server is spent on running workflows rather
	// than on what they are run for.
	Overhead bool
	// Size and InUse are the engine's gauges of how many servers it has and of how many
	// of them are in use; empty where the engine has none.
	Size, InUse string
	// Parts are what its time consists of.
	Parts []Part
}

// Part is what a part of a component's time is spent in, or one of several things
// that the time of another part may be spent in.
type Part struct {
	// Name is, of a time that a server tells, that of its Server-Timing entry.
	Name string
	// Metric is the k6 metric that the scripts make of the entry; empty of what no
	// server tells.
	Metric string
	// Wait says that it is time spent waiting for a server of the component to be free;
	// during the component's other parts one is held.
	Wait bool
	// Cause is what is to blame where it grows, and Remedy what to do; both are empty
	// where nothing more can be said than its name.
	Cause, Remedy string
}

// All returns the components in the order in which reports show them.
func All() []Component {
	return []Component{
		client(),
		network(),
		queue(),
		database(),
		graph(),
		httpPool(),
		websocket(),
		other(),
	}
}

// Names returns the names of the components in the order of [All] that are chosen;
// of all with nil.
func Names(chosen func(Component) bool) []string {
	var names []string
	for _, c := range All() {
		if chosen == nil || chosen(c) {
			names = append(names, c.Name)
		}
	}
	return names
}
