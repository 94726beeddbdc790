package fault

import "time"

const slowName = "slow"

// Components and details as report.json names them.
const (
	database  = "database"
	graph     = "graph"
	httpPool  = "http_pool"
	websocket = "websocket"
)

// Catalogue lists all faults.
func Catalogue() []Fault {
	var all []Fault
	for _, part := range [][]Fault{databaseFaults(), graphFaults(), callFaults(), hubFaults(), processFaults(), controls()} {
		all = append(all, part...)
	}
	return all
}

func truth(component, detail string) []Truth { return []Truth{{component, detail}} }

func databaseFaults() []Fault {
	return []Fault{
		{
			Name: "db-pool", How: "1 connection (mild: 2) for transactions that take as long as in a healthy engine",
			Shows: "db-pool-wait", Truth: truth(database, "pool exhaustion"), Expect: Bottleneck,
			Parts: []string{"db-pool-wait"}, Queues: true, PostgreSQL: true,
			set: func(k *Knobs, l level) { k.DBConns = pick(l, 2, 1) },
		},
		{
			Name: "db-row", How: "every execution (mild: every one of its workflow) first updates one row and keeps it until it commits",
			Shows: "db-write, db-pool-wait second", Truth: truth(database, "row contention"), Expect: Bottleneck,
			Parts: []string{"db-write"}, Queues: true, PostgreSQL: true,
			set: func(k *Knobs, l level) { k.HotRow = pick(l, HotRowPerWorkflow, HotRowOfAll) },
		},
		{
			Name: "db-index", How: "the index of the list of executions is dropped (mild: replaced by one of the workflow's name alone)",
			Shows: "db-read of lists, with many rows", Truth: truth(database, "slow query"), Expect: Bottleneck,
			Parts: []string{"db-read"}, PostgreSQL: true,
			set: func(k *Knobs, l level) { k.Index = pick(l, PartialIndex, NoIndex) },
		},
		{
			Name: "db-wal", How: "commit_delay of 30 ms (mild: 6 ms) with commit_siblings=0",
			Shows: "db-commit", Truth: truth(database, "commit/WAL"), Expect: Bottleneck,
			Parts: []string{"db-commit"}, PostgreSQL: true,
			set: func(k *Knobs, l level) { k.CommitDelay = pick(l, 6*time.Millisecond, 30*time.Millisecond) },
		},
		{
			Name: "db-exec", How: "every execution first locks the 20 oldest execution_records (mild: of its tenant) until it commits",
			Shows: "db-write", Truth: truth(database, "row contention"), Expect: Bottleneck,
			Parts: []string{"db-write"}, Queues: true, PostgreSQL: true,
			set: func(k *Knobs, l level) { k.HotRange = pick(l, HotRangePerTenant, HotRangeOfAll) },
		},
		{
			Name: slowName, How: "a transaction's statements take 1.2 times as long (mild: 1.1), or any factor",
			Shows: "db-write, a little", Truth: truth(database, ""), Expect: Bottleneck, Parts: []string{"db-write"},
			set: func(k *Knobs, l level) {
				if k.WriteFactor = l.factor; l.factor == 0 {
					k.WriteFactor = pick(l, 1.1, 1.2)
				}
			},
		},
	}
}

func graphFaults() []Fault {
	return []Fault{
		{
			Name: "graph-cpu", How: "the depth of every task (mild: of the last one) is found by walking every path to it",
			Shows: "graph-build, of layered graphs", Truth: truth(graph, "DAG building"), Expect: Bottleneck,
			Parts: []string{"graph-build"},
			set:   func(k *Knobs, l level) { k.PathEnds = pick(l, 1, 1000) },
		},
		{
			Name: "graph-regex", How: "the grammar is compiled for each expression (mild: for each text)",
			Shows: "template-resolve", Truth: truth(graph, "template resolution"), Expect: Bottleneck,
			Parts: []string{"template-resolve"},
			set:   func(k *Knobs, l level) { k.Compile = pick(l, CompilePerText, CompilePerExpression) },
		},
		{
			Name: "graph-memory", How: "what templates see is copied 20 times (mild: once) for each task",
			Shows: "gcShare, allocBytesPerSecond", Truth: truth(graph, "allocation"), Expect: Finding,
			Parts: []string{"template-resolve"}, Gauges: []string{"gcShare", "allocBytesPerSecond"},
			set: func(k *Knobs, l level) { k.ScopeCopies = pick(l, 1, 20) },
		},
	}
}

func callFaults() []Fault {
	return []Fault{
		{
			Name: "http-limit", How: "1 connection (mild: 2) to the callee",
			Shows: "http-pool-wait, of workflows that call several times at once",
			Truth: truth(httpPool, "connection limit"), Expect: Bottleneck,
			Parts: []string{"http-pool-wait"}, Queues: true,
			set: func(k *Knobs, l level) { k.HTTPConns = pick(l, 2, 1) },
		},
		{
			Name: "http-churn", How: "no connection (mild: only one) is kept for the next call to the callee, which speaks TLS",
			Shows: "http-connect, httpReuseShare", Truth: truth(httpPool, "connection churn"), Expect: Bottleneck,
			Parts: []string{"http-connect"},
			set:   func(k *Knobs, l level) { k.HTTPIdle = pick(l, 1, -1) },
		},
		{
			Name: "http-dns", How: "a name server that takes 30 ms (mild: 8 ms), and no connection is kept",
			Shows: "http-dns, http-connect second", Truth: truth(httpPool, "DNS"), Expect: Bottleneck,
			Parts: []string{"http-dns"},
			set: func(k *Knobs, l level) {
				k.HTTPIdle, k.DNSDelay = -1, pick(l, 8*time.Millisecond, 30*time.Millisecond)
			},
		},
		{
			Name: "callee", How: "the callee takes 30 ms (mild: 8 ms) to answer",
			Shows: "http-call", Truth: truth(httpPool, "slow callee"), Expect: Bottleneck,
			Parts: []string{"http-call"},
			set:   func(k *Knobs, l level) { k.CalleeDelay = pick(l, 8*time.Millisecond, 30*time.Millisecond) },
		},
	}
}

func hubFaults() []Fault {
	return []Fault{
		{
			Name: "ws-fanout", How: "under one lock, an event waits until every listener (mild: the first one) has confirmed it, one after the other",
			Shows: "ws-publish, with listeners that read slowly", Truth: truth(websocket, "broadcast"), Expect: Bottleneck,
			Parts: []string{"ws-publish"}, Queues: true,
			set: func(k *Knobs, l level) { k.Confirm = pick(l, 1, 1000) },
		},
		{
			Name: "ws-accept", How: "1 hub connection (mild: 2) may be made at once",
			Shows: "ws_connecting of k6", Truth: truth(websocket, "accept"), Expect: Bottleneck,
			Queues: true,
			set:    func(k *Knobs, l level) { k.AcceptSlots = pick(l, 2, 1) },
		},
		{
			Name: "ws-memory", How: "256 kB (mild: 128 kB) of buffers for each hub connection",
			Shows: "heapAfterGcBytes over hubConnections", Truth: truth(websocket, "memory"), Expect: Finding,
			Gauges: []string{"heapAfterGcBytes"},
			set:    func(k *Knobs, l level) { k.ConnBuffer = pick(l, 128<<10, 256<<10) },
		},
	}
}

func processFaults() []Fault {
	return []Fault{
		{
			Name: "leak", How: "50 kB (mild: 10 kB) are kept of each request, for ever",
			Shows: "heapAfterGcBytes over time", Truth: truth("process", "leak"), Expect: Finding,
			Gauges: []string{"heapAfterGcBytes"},
			set:    func(k *Knobs, l level) { k.Leak = pick(l, 10<<10, 50<<10) },
		},
		{
			Name: "tenant", How: "one tenant sends ten times its share, and 1 execution (mild: 2) runs at once",
			Shows: "queue, for all tenants", Truth: truth("queue", "request queue"), Expect: Fairness,
			Parts: []string{"queue"},
			set:   func(k *Knobs, l level) { k.Executions = pick(l, 2, 1) },
		},
		{
			Name: "untraced", How: "each request of the API waits for 15 ms (mild: 5 ms) that no part of Server-Timing covers",
			Shows: "total", Expect: Unattributed,
			set: func(k *Knobs, l level) { k.Untimed = pick(l, 5*time.Millisecond, 15*time.Millisecond) },
		},
		{
			Name: "throttle", How: "the process is stopped for 6 of every 9 ms (mild: 3 of 9 ms), as under a quota of processor time",
			Shows: "everything", Expect: HostWide,
			set: func(k *Knobs, l level) {
				k.Busy, k.Period = pick(l, 3*time.Millisecond, 6*time.Millisecond), 9*time.Millisecond
			},
		},
	}
}

func controls() []Fault {
	return []Fault{
		{Name: "none", How: "nothing", Shows: "nothing", Expect: Nothing, set: func(*Knobs, level) {}},
		{
			Name: "two", How: "commits and the callee each take 15 ms (mild: 6 ms) more",
			Shows: "db-commit and http-call", Truth: []Truth{{database, "commit/WAL"}, {httpPool, "slow callee"}},
			Expect: Bottleneck, Parts: []string{"db-commit", "http-call"}, PostgreSQL: true,
			set: func(k *Knobs, l level) {
				k.CommitDelay = pick(l, 6*time.Millisecond, 15*time.Millisecond)
				k.CalleeDelay = k.CommitDelay + 2*time.Millisecond
			},
		},
	}
}
