package component

// Database is the database, with the pool of connections to it.
const Database = "database"

// Parts of the database that the analysis looks into: what writes may be slow by.
const (
	DBRead   = "db-read"
	DBWrite  = "db-write" // as a cause: they wait for locks
	DBCommit = "db-commit"
	// DBSlowWrite is the cause where writes are slow by themselves, DBSomeWrite where
	// nothing tells.
	DBSlowWrite = "db-write/slow"
	DBSomeWrite = "db-write/some"
)

func database() Component {
	return Component{
		Name: Database, Counted: true,
		Size: "engine_db_pool_size", InUse: "engine_db_pool_in_use",
		Parts: []Part{{
			Name: "db-pool-wait", Metric: "db_pool_wait_ms", Wait: true,
			Cause:  "pool exhaustion",
			Remedy: "Raise the size of the connection pool, or hold connections for less time: shorter transactions, no other work inside of them.",
		}, {
			Name: DBWrite, Metric: "db_write_latency_ms",
			Cause:  "row contention",
			Remedy: "Don't update one row from every request: append and add up later, split the counter, or move the update to the end of the transaction.",
		}, {
			Name:   DBSlowWrite,
			Cause:  "slow query (write)",
			Remedy: "Look at the statement's plan and at what it sets off: missing indexes of foreign keys, too many indexes, triggers.",
		}, {
			Name:   DBSomeWrite,
			Cause:  "row contention or slow writes",
			Remedy: "Look whether writes wait for locks (one row that every request updates) or are slow by themselves (the statement's plan); with a request id (rid), or several levels of load, the report would tell.",
		}, {
			Name: DBCommit, Metric: "db_commit_latency_ms",
			Cause:  "commit/WAL",
			Remedy: "Commit less often (batch writes), use asynchronous commit where a loss is bearable, or give the log a faster disk.",
		}, {
			Name: DBRead, Metric: "db_read_latency_ms",
			Cause:  "slow query (read)",
			Remedy: "Look at the query's plan: an index that fits its filter and order, or a cache for what rarely changes.",
		}, {
			Name: "db-trace", Metric: "db_trace_query_latency_ms",
			Cause:  "slow query (trace)",
			Remedy: "Look at the plan of the trace query: index it by execution, or fetch all of its tasks at once.",
		}},
	}
}
