package component

// HTTPPool is the server's own requests to others, with the pool of connections for them.
const HTTPPool = "http_pool"

func httpPool() Component {
	return Component{
		Name: HTTPPool, Counted: true,
		Parts: []Part{{
			Name: "http-pool-wait", Metric: "http_pool_wait_ms", Wait: true,
			Cause:  "connection limit",
			Remedy: "Raise the client's limit of connections per host, or send fewer requests at once.",
		}, {
			Name: "http-dns", Metric: "http_dns_ms",
			Cause:  "DNS",
			Remedy: "Cache name resolution, or keep connections alive so that fewer names have to be resolved.",
		}, {
			Name: "http-connect", Metric: "http_connect_ms",
			Cause:  "connection churn",
			Remedy: "Keep connections alive: read bodies to their end, and allow more idle connections per host.",
		}, {
			Name: "http-call", Metric: "http_call_ms",
			Cause:  "slow callee",
			Remedy: "Look at the service that is called; meanwhile set a timeout, cache its answers, or call it at the same time as other work.",
		}},
	}
}
