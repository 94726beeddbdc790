// Package influxtest starts a real InfluxDB 1.8 for tests and benchmarks: on a
// free port of the loopback interface, with its data in a folder of its own.
package influxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Options say how the server is configured. The zero value is the stock
// configuration: Flux off, no authentication.
type Options struct {
	Flux bool
	// Auth asks for a name and a password; make the user with Query before.
	Auth bool
}

// Server is a running influxd.
type Server struct {
	Addr string // host:port
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	log  *tail

	username, password string // "" where nobody is asked
}

// As says who runs Query, Write and WriteK6 from now on.
func (s *Server) As(username, password string) { s.username, s.password = username, password }

// Start runs the program influxd with its data in dir, and waits until it
// answers. Stop ends it, as does the end of ctx.
func Start(ctx context.Context, influxd, dir string, o Options) (*Server, error) {
	var err error
	for range 3 { // somebody else may take the port that was free
		var s *Server
		if s, err = start(ctx, influxd, dir, o); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start influxd: %w", err)
}

func start(ctx context.Context, influxd, dir string, o Options) (*Server, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := free.Addr().String()
	if err := free.Close(); err != nil {
		return nil, err
	}
	s := &Server{Addr: addr, done: make(chan struct{}), log: &tail{}}
	s.cmd = exec.CommandContext(ctx, influxd, "run", "-config", os.DevNull)
	s.cmd.Env = []string{
		"HOME=" + dir,
		"INFLUXDB_REPORTING_DISABLED=true",
		"INFLUXDB_BIND_ADDRESS=127.0.0.1:0",
		"INFLUXDB_META_DIR=" + filepath.Join(dir, "meta"),
		"INFLUXDB_DATA_DIR=" + filepath.Join(dir, "data"),
		"INFLUXDB_DATA_WAL_DIR=" + filepath.Join(dir, "wal"),
		"INFLUXDB_MONITOR_STORE_ENABLED=false",
		"INFLUXDB_HTTP_BIND_ADDRESS=" + addr,
		"INFLUXDB_HTTP_LOG_ENABLED=false",
		"INFLUXDB_DATA_QUERY_LOG_ENABLED=false",
		fmt.Sprintf("INFLUXDB_HTTP_FLUX_ENABLED=%t", o.Flux),
		fmt.Sprintf("INFLUXDB_HTTP_AUTH_ENABLED=%t", o.Auth),
	}
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // killed by Stop, or its log says why
		close(s.done)
	}()
	if err := s.wait(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w\n%s", err, s.log)
	}
	return s, nil
}

// wait polls until the server answers.
func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-s.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
		if _, err := s.do(ctx, http.MethodGet, "/ping", nil, nil); err == nil {
			return nil
		}
	}
}

// Stop kills the server and waits for its end.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}

// Query runs statements of InfluxQL that change something.
func (s *Server) Query(ctx context.Context, statements string) error {
	body, err := s.do(ctx, http.MethodPost, "/query", url.Values{"q": {statements}}, nil)
	if err == nil && bytes.Contains(body, []byte(`"error"`)) {
		err = fmt.Errorf("influxd answers %s", body)
	}
	return err
}

// Write writes line protocol into a database.
func (s *Server) Write(ctx context.Context, database string, lines io.Reader) error {
	_, err := s.do(ctx, http.MethodPost, "/write", url.Values{"db": {database}}, lines)
	return err
}

func (s *Server) do(ctx context.Context, method, path string, query url.Values, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if s.username != "" {
		req.SetBasicAuth(s.username, s.password)
	}
	client := http.Client{Timeout: 5 * time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("influxd answers %s: %s", resp.Status, answer)
	}
	return answer, err
}

// tail keeps the end of what a process said.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
