package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"k6report/internal/run"
)

// format is a kind of source. All that tells one from another is here.
type format struct {
	name string // for messages
	id   string // in a report's list of sources
	// match looks at the start of the (unpacked) content. It is nil for a database,
	// and so is read: a database says what it is and how to read the run in it.
	match func(head []byte) bool
	read  func(context.Context, *input, *reader) error
	// samples says that the source holds samples, which are read after what
	// only describes the run.
	samples bool
	// rank orders formats of samples by what they keep of one: of a run that is
	// given in several forms the lowest counts. No two are equal.
	rank int
	// files are the names under which a folder holds samples, the usual one first.
	files []string
	// definitions are the metrics that the start of the content defines. Every
	// goroutine begins with them: what submetrics name must be kept from the first
	// sample on. nil where the format has no place for them.
	definitions func(head []byte) []run.Metric
	// start says where among the sources of a run one belongs; nil where the start
	// of the content tells no times.
	start func(head []byte) start
	// loses says which samples a database does not keep; "" where it keeps all.
	loses string
}

// asked reports whether sources of the format are databases.
func (f format) asked() bool { return f.match == nil }

const (
	idSnapshot = "snapshot"
	idInfluxQL = "influxdb" // by the language in which the database is asked
	idFlux     = "influxdb2"
)

// formats are asked in this order.
func formats() []format {
	const influxLoses = "InfluxDB keeps one of points with the same metric, tags and time"
	return []format{
		{name: "k6report snapshot", id: idSnapshot, match: isSnapshot, read: readSnapshot, samples: true, rank: 20, files: []string{"run.k6run"}},
		{name: "k6 inspect", id: "inspect", match: isPlan, read: readPlan},
		{name: "k6 execution record", id: "execution", match: hasKeys("exit_code", "k6_version"), read: readExecution},
		{name: "k6 summary", id: "summary", match: isSummary, read: readSummary},
		{name: "k6 JSON", id: "k6-json", match: isJSONLines, read: readJSON, samples: true, rank: 10, files: []string{"run.json.gz", "run.json"}, definitions: jsonDefinitions, start: jsonStart},
		{name: "k6 CSV", id: "csv", match: isCSV, read: readCSV, samples: true, rank: 50, files: []string{"run.csv.gz", "run.csv"}, start: csvStart},
		{name: "InfluxDB", id: idInfluxQL, samples: true, rank: 40, loses: influxLoses},
		{name: "InfluxDB", id: idFlux, samples: true, rank: 30, loses: influxLoses},
	}
}

// formatOf is the format of an id, false where there is none.
func formatOf(id string) (format, bool) {
	all := formats()
	at := slices.IndexFunc(all, func(f format) bool { return f.id == id })
	if at < 0 {
		return format{}, false
	}
	return all[at], true
}

// fileFormats lists what is found by its content, for messages.
func fileFormats(all []format) string {
	var names []string
	for _, f := range all {
		if !f.asked() {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// SampleFiles are the names under which a folder holds the samples of its run: of
// several the first counts.
func SampleFiles() []string {
	all := slices.SortedStableFunc(slices.Values(formats()), func(a, b format) int { return cmp.Compare(a.rank, b.rank) })
	var names []string
	for _, f := range all {
		names = append(names, f.files...)
	}
	return names
}

// isSnapshot wants a version behind the magic, be it a newer one: what k6report
// prints begins with its name, too.
func isSnapshot(head []byte) bool {
	rest, found := bytes.CutPrefix(head, []byte(run.MagicPrefix))
	return found && len(rest) > 0 && rest[0] < ' ' && !unicode.IsSpace(rune(rest[0]))
}

// isJSONLines looks for one line of k6 JSON among the first.
func isJSONLines(head []byte) bool {
	const look = 100
	for i, line := range bytes.SplitN(head, []byte("\n"), look+1) {
		if i == look {
			return false
		}
		var l jsonLine
		err := json.Unmarshal(bytes.TrimSpace(line), &l)
		if err == nil && (l.Type == "Metric" || l.Type == "Point") {
			return true
		}
		if err != nil && isPointStart(line) {
			return true
		}
	}
	return false
}

// isPointStart recognises the start of a line that is longer than the head, or
// cut off.
func isPointStart(line []byte) bool {
	line = bytes.TrimSpace(line)
	return hasPrefix(line, pointOpen) && bytes.Contains(line, []byte(`"type":"Point"`)) ||
		hasPrefix(line, `{"type":"Metric"`) || hasPrefix(line, `{"type":"Point"`)
}

// hasKeys matches a JSON object with all of these keys at the top.
func hasKeys(want ...string) func([]byte) bool {
	return func(head []byte) bool {
		keys := topKeys(head)
		for _, key := range want {
			if !slices.Contains(keys, key) {
				return false
			}
		}
		return true
	}
}

// isPlan matches what k6 inspect prints, with and without the requirements.
func isPlan(head []byte) bool {
	keys := topKeys(head)
	return slices.Contains(keys, "scenarios") && slices.ContainsFunc(keys, func(key string) bool {
		return key == "maxVUs" || key == "totalDuration" || key == "thresholds"
	})
}

// isSummary also matches where the first key of a shape holds more than the
// head shows.
func isSummary(head []byte) bool {
	keys := topKeys(head)
	has := func(key string) bool { return slices.Contains(keys, key) }
	if has("root_group") || has("config") && has("results") {
		return true
	}
	if len(head) < headSize {
		return false
	}
	// Else one of these is the only key whose value the head holds, or begins.
	return slices.Equal(keys, []string{"metrics"}) ||
		slices.Equal(keys, []string{"config"}) && bytes.Contains(head, []byte(`"execution"`)) ||
		slices.Equal(keys, []string{"results"})
}

// topKeys are the keys of a JSON object, as far as the head shows them.
func topKeys(head []byte) []string {
	d := json.NewDecoder(bytes.NewReader(head))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return keys
		}
		if name, ok := key.(string); ok {
			keys = append(keys, name)
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return keys
		}
	}
	return keys
}

// detect finds the format of an input among all.
func detect(head []byte, all []format) (format, error) {
	if len(bytes.TrimSpace(head)) == 0 {
		return format{}, errors.New("it is empty: k6 wrote nothing there; run k6 with --out json=FILE, and look at the free space of the disk")
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return format{}, errors.New("it is UTF-16, as PowerShell writes with >: let k6 write the file with --out json=FILE")
	}
	for _, f := range all {
		if !f.asked() && f.match(head) {
			return f, nil
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return format{}, errors.New("it is nothing that k6report reads (" + kind + "): give " + fileFormats(all))
}

// readAll reads a document that has to be held whole.
func readAll(in *input) ([]byte, error) {
	const most = 256 << 20
	r, err := in.unpacked()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(data) > most {
		err = errors.New("it is larger than 256 MB, which no document of k6 is")
	}
	return bytes.TrimPrefix(data, []byte(byteOrderMark)), err
}
