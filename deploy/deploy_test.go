// Package deploy_test checks the files that start InfluxDB and Grafana. Neither
// is started here; what the dashboard asks is asked of a real InfluxDB by the
// tests of cmd/k6report.
package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.UnmarshalWithOptions([]byte(read(t, path)), into, yaml.DisallowUnknownField()); err != nil {
		t.Fatalf("%s: %s", path, yaml.FormatError(err, false, true))
	}
}

func TestCompose(t *testing.T) {
	type service struct {
		Image       string
		Ports       []string
		Environment map[string]string
		Volumes     []string
		Healthcheck struct {
			Test              []string
			Interval, Timeout string
			Retries           int
		}
		DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
		Restart   string
	}
	var compose struct {
		Name     string
		Services map[string]service
		Volumes  map[string]any
	}
	parse(t, "compose.yaml", &compose)
	influx, grafana := compose.Services["influxdb"], compose.Services["grafana"]
	if influx.Image != "influxdb:1.8" || !slices.Equal(influx.Ports, []string{"127.0.0.1:8086:8086"}) || influx.Environment["INFLUXDB_DB"] != "k6" {
		t.Errorf("InfluxDB is %+v, not the one that k6report run --grafana writes to", influx)
	}
	if !slices.Equal(grafana.Ports, []string{"127.0.0.1:3000:3000"}) || strings.HasSuffix(grafana.Image, ":latest") || !strings.Contains(grafana.Image, ":") {
		t.Errorf("Grafana is %s at %s: want a fixed version on loopback", grafana.Image, grafana.Ports)
	}
	for _, s := range compose.Services {
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			if _, named := compose.Volumes[from]; named {
				continue
			}
			if info, err := os.Stat(filepath.FromSlash(from)); err != nil || !info.IsDir() || !strings.HasSuffix(to, ":ro") {
				t.Errorf("volume %s: not a folder beside the file, for reading: %v", v, err)
			}
		}
	}
	home := grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	if !strings.HasSuffix(home, "/k6report.json") || !strings.HasPrefix(home, dashboardFolder(t)) {
		t.Errorf("home dashboard %s is not where dashboards are", home)
	}
}

func dashboardFolder(t *testing.T) string {
	t.Helper()
	var provision struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type      string
			DisableDeletion bool              `yaml:"disableDeletion"`
			AllowUIUpdates  bool              `yaml:"allowUiUpdates"`
			Options         map[string]string `yaml:"options"`
		}
	}
	parse(t, "grafana/provisioning/dashboards/k6report.yaml", &provision)
	if len(provision.Providers) != 1 {
		t.Fatalf("providers %+v", provision.Providers)
	}
	folder := provision.Providers[0].Options["path"]
	if !strings.Contains(read(t, "compose.yaml"), "./grafana/dashboards:"+folder+":ro") {
		t.Errorf("compose.yaml puts nothing into %s", folder)
	}
	return folder
}

// dashboard is what Grafana reads, as far as it matters here.
type dashboard struct {
	UID        string
	Templating struct {
		List []struct {
			Name, Query string
			Datasource  struct{ UID string }
		}
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ UID string }
		Targets     []struct {
			Query      string
			RefID      string `json:"refId"`
			Datasource struct{ UID string }
		}
	}
}

func TestDashboard(t *testing.T) {
	var source struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool           `yaml:"isDefault"`
			JSONData                     map[string]any `yaml:"jsonData"`
		}
	}
	parse(t, "grafana/provisioning/datasources/influxdb.yaml", &source)
	db := source.Datasources[0]
	if db.Type != "influxdb" || db.URL != "http://influxdb:8086" || db.JSONData["dbName"] != "k6" {
		t.Errorf("data source %+v", db)
	}
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana/dashboards/k6report.json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Templating.List) != 1 || d.Templating.List[0].Name != "testid" || d.Templating.List[0].Datasource.UID != db.UID {
		t.Errorf("variables %+v, want the run's testid", d.Templating.List)
	}
	suite := suiteMetrics(t)
	shown := map[string]bool{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W == 0 {
			t.Errorf("panel %q: id %d, place %+v", p.Title, p.ID, p.GridPos)
		}
		ids[p.ID] = true
		if (p.Type == "row") != (len(p.Targets) == 0) || p.Type != "row" && p.Datasource.UID != db.UID {
			t.Errorf("panel %q has %d queries of data source %q", p.Title, len(p.Targets), p.Datasource.UID)
		}
		for _, q := range p.Targets {
			m := from.FindStringSubmatch(q.Query)
			if m == nil || !strings.Contains(q.Query, `"testid" =~ /^$testid$/`) || !strings.Contains(q.Query, "$timeFilter") || q.Datasource.UID != db.UID {
				t.Errorf("panel %q asks %s", p.Title, q.Query)
				continue
			}
			if !slices.Contains(suite, m[1]) {
				t.Errorf("panel %q shows %s, which the suite does not have", p.Title, m[1])
			}
			shown[m[1]] = true
		}
	}
	// Set-up of connections apart, all that the suite measures is shown.
	for _, metric := range suite {
		if !shown[metric] && !slices.Contains([]string{"iteration_duration", "group_duration", "ws_sessions", "ws_session_duration", "ws_msgs_sent", "ws_msgs_received"}, metric) {
			t.Errorf("%s is on no panel", metric)
		}
	}
}

var (
	from      = regexp.MustCompile(`FROM "([^"]+)"`)
	newMetric = regexp.MustCompile(`new (?:Trend|Counter|Rate|Gauge)\('([a-z0-9_]+)'`)
	timing    = regexp.MustCompile(`(?m)^  '[a-z-]+': '([a-z0-9_]+)',$`)
)

// suiteMetrics lists k6's own metrics and those that the suite's scripts make.
func suiteMetrics(t *testing.T) []string {
	t.Helper()
	all := []string{
		"checks", "data_received", "data_sent", "dropped_iterations", "http_req_blocked", "http_req_connecting",
		"http_req_duration", "http_req_failed", "http_req_receiving", "http_req_sending", "http_req_tls_handshaking",
		"http_req_waiting", "http_reqs", "iteration_duration", "iterations", "vus", "vus_max", "ws_connecting",
	}
	for file, pattern := range map[string]*regexp.Regexp{"helpers.js": newMetric, "signalr.js": newMetric, "server-timing.js": timing} {
		found := pattern.FindAllStringSubmatch(read(t, "../scenarios/lib/"+file), -1)
		if len(found) < 2 {
			t.Fatalf("%s: %d metrics found", file, len(found))
		}
		for _, m := range found {
			all = append(all, m[1])
		}
	}
	return all
}
