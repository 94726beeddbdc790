package component

// Queue is the line of executions that wait to be run.
const Queue = "queue"

func queue() Component {
	return Component{
		Name: Queue, Line: true, Counted: true, Overhead: true,
		Size: "engine_executions_limit", InUse: "engine_executions_running",
		Parts: []Part{{
			Name: "queue", Metric: "engine_queue_wait_ms", Wait: true,
			Cause:  "request queue",
			Remedy: "Raise the number of executions that may run at once if the machine has room, or make each of them shorter.",
		}},
	}
}
