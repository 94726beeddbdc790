package component

// Client is the load generator itself.
const Client = "client"

func client() Component {
	return Component{
		Name: Client, Outside: true, Line: true,
		Parts: []Part{{
			Name: "connection-wait", Wait: true,
			Cause:  "client connections",
			Remedy: "The load generator waited for its own connections: allow it more per host, or use HTTP/2.",
		}},
	}
}
