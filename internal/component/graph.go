package component

// Graph is the evaluation of workflow graphs.
const Graph = "graph"

func graph() Component {
	return Component{
		Name: Graph, Counted: true, Overhead: true,
		Parts: []Part{{
			Name: "graph-build", Metric: "graph_build_duration",
			Cause:  "DAG building",
			Remedy: "Cache the graph by workflow version, and build it in time that grows with its edges, not its paths.",
		}, {
			Name: "template-resolve", Metric: "template_resolve_ms",
			Cause:  "template resolution",
			Remedy: "Compile templates and expressions once and keep them, not for each field of each request.",
		}},
	}
}
