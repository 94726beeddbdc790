package component

// Network is all between the load generator and the server's handlers.
const Network = "network"

func network() Component {
	return Component{
		Name: Network, Outside: true,
		Parts: []Part{{
			Name:   "connecting",
			Cause:  "TCP connect",
			Remedy: "Keep connections alive, and look at the length of the server's accept queue.",
		}, {
			Name:   "tls",
			Cause:  "TLS handshake",
			Remedy: "Keep connections alive, resume TLS sessions, or end TLS in front of the server.",
		}, {
			Name:   "sending",
			Cause:  "sending",
			Remedy: "Send smaller requests, or look at the network's bandwidth and the server's reading of bodies.",
		}, {
			Name:   "receiving",
			Cause:  "receiving",
			Remedy: "Answer with less (pages, compression), or look at the network's bandwidth.",
		}, {
			Name:   "transit",
			Cause:  "before or after the server's own times",
			Remedy: "Look at what lies between client and handler: proxies, the accept queue, middleware that is not timed, and the machine's processors.",
		}},
	}
}
