package component

// Websocket is the hub of websocket connections.
const Websocket = "websocket"

func websocket() Component {
	return Component{
		Name: Websocket, Counted: true,
		Parts: []Part{{
			Name: "ws-accept", Wait: true, // the client sees it: until a websocket is open
			Cause:  "accept",
			Remedy: "Raise the number of connections that may be accepted at once, and make the handshake cheaper.",
		}, {
			Name: "ws-publish", Metric: "ws_publish_ms",
			Cause:  "broadcast",
			Remedy: "Publish without waiting for receivers: a queue for each connection, no lock while sending, and slow receivers dropped.",
		}},
	}
}
