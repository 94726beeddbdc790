package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNotInstalled says that PostgreSQL's programs aren't on this machine.
var ErrNotInstalled = errors.New("PostgreSQL is not installed; tools/install.sh postgresql does it")

// Cluster is a PostgreSQL cluster to throw away.
type Cluster struct {
	URL    string // of its database "postgres", for a user who may do anything
	script string
	parent string
}

// StartCluster makes and starts a cluster by the script postgres.sh. It
// answers ErrNotInstalled where that is the trouble.
func StartCluster(ctx context.Context, script string) (c *Cluster, err error) {
	// A socket's path has little room: directly under the temporary folder.
	parent, err := os.MkdirTemp("", "k6pg")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(parent))
		}
	}()
	if err := os.Chmod(parent, 0o755); err != nil { // for root, the server runs as another user
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	c = &Cluster{script: script, parent: parent}
	out, err := exec.CommandContext(ctx, script, "start", c.dir()).Output()
	var exit *exec.ExitError
	const notInstalled = 3
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == notInstalled:
		return nil, ErrNotInstalled
	case errors.As(err, &exit):
		return nil, fmt.Errorf("start PostgreSQL: %w: %s", err, exit.Stderr)
	case err != nil:
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	c.URL = strings.TrimSpace(string(out))
	return c, nil
}

func (c *Cluster) dir() string { return filepath.Join(c.parent, "c") }

// Stop stops the cluster and removes everything it held.
func (c *Cluster) Stop(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, c.script, "stop", c.dir()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("stop PostgreSQL: %w: %s", err, out)
	}
	return os.RemoveAll(c.parent)
}
