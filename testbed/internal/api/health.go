package api

import (
	"net/http"
	"time"
)

// healthBody tells who answers and how it is.
type healthBody struct {
	Status        string     `json:"status"`
	InstanceID    string     `json:"instanceId"`
	StartedAt     time.Time  `json:"startedAt"`
	UptimeSeconds float64    `json:"uptimeSeconds"`
	Gauges        gaugesBody `json:"gauges"`
}

// gaugesBody is the engine's state at one instant. Shares are fractions.
type gaugesBody struct {
	DBPoolSize        int     `json:"dbPoolSize"`
	DBPoolInUse       int     `json:"dbPoolInUse"`
	ExecutionsLimit   int     `json:"executionsLimit"`
	ExecutionsRunning int     `json:"executionsRunning"`
	Goroutines        int     `json:"goroutines"`
	HeapAfterGCBytes  uint64  `json:"heapAfterGcBytes"`
	GCShare           float64 `json:"gcShare"`
	SchedLatencyMs    float64 `json:"schedLatencyMs"` // 99th percentile
	AllocPerSecond    float64 `json:"allocBytesPerSecond"`
	MemoryBytes       uint64  `json:"memoryBytes"`    // of the process
	HTTPConns         int     `json:"httpConns"`      // open to the callee
	HTTPReuseShare    float64 `json:"httpReuseShare"` // of calls to it since the start
	HubConnections    int     `json:"hubConnections"`
	HubDropped        int64   `json:"hubDropped"` // events lost to slow listeners since the start
}

// health asks nothing of the database, so that it answers, and shows the
// pool, when all connections are taken.
func (s *Server) health(*http.Request) (answer, error) {
	runtime, pool, calls := s.Gauges.Read(), s.Store.Pool(), s.Callee.Stats()
	hub := s.Hub.Stats()
	return ok(healthBody{
		Status: "healthy", InstanceID: s.InstanceID, StartedAt: s.started.UTC(),
		UptimeSeconds: s.Now().Sub(s.started).Seconds(),
		Gauges: gaugesBody{
			DBPoolSize: pool.Size, DBPoolInUse: pool.InUse,
			ExecutionsLimit: s.Engine.Limit, ExecutionsRunning: s.Engine.Running(),
			Goroutines: runtime.Goroutines, HeapAfterGCBytes: runtime.HeapAfterGC,
			GCShare: runtime.GCShare, SchedLatencyMs: milliseconds(runtime.SchedLatencyP99),
			AllocPerSecond: runtime.AllocRate, MemoryBytes: runtime.Memory,
			HTTPConns: calls.Open, HTTPReuseShare: calls.ReuseShare,
			HubConnections: hub.Connections, HubDropped: hub.Dropped,
		},
	})
}

type stateBody struct {
	Status string `json:"status"`
}

// ready says whether requests would succeed: whether the database answers.
func (s *Server) ready(r *http.Request) (answer, error) {
	if err := s.Store.Ping(r.Context()); err != nil {
		s.Log.Warn("not ready", "error", err)
		return answer{}, problem(http.StatusServiceUnavailable, "not_ready", "the database does not answer")
	}
	return ok(stateBody{"ready"})
}

// live says that the process answers at all.
func (s *Server) live(*http.Request) (answer, error) { return ok(stateBody{"live"}) }
