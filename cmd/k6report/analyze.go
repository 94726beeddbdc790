package main

import (
	"context"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/analyze"
	"k6report/internal/config"
	"k6report/internal/ingest"
	"k6report/internal/redact"
	"k6report/internal/report"
	"k6report/internal/run"
)

func (a *app) analyzeCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "analyze [SOURCE...]",
		Short: "report on one run",
		Long: `Analyze reads all SOURCEs as parts of one run and prints a report: samples
(k6 run --out json=FILE or csv=FILE), its summary (--summary-export), its plan
(k6 inspect --execution-requirements), snapshots, samples of other load
generators of the same test. A SOURCE is a file, a glob, a folder as
k6report run writes it, or - for standard input; its format is found by content.
Runs in InfluxDB are influxdb://HOST:8086/DATABASE?testid=ID (1.x) and
influxdb2://HOST:8086/BUCKET?org=ORG&testid=ID (2.x, Cloud); who asks is said by
INFLUX_USERNAME and INFLUX_PASSWORD or INFLUX_TOKEN in the environment.
Without a SOURCE the newest run under results/ is taken, but for second runs
(NAME-confirm beside NAME).

With --baseline the run is compared with earlier ones: what looks worse is
suspected, and regressed when a second run of the same build (--rerun) is, too.`,
		Example: `  k6report analyze run.json.gz summary.json
  k6report analyze results/20261123T114553-smoke --verbose
  zcat run.json.gz | k6report analyze -
  k6report analyze run.json.gz --out report --fail-on all
  k6report analyze run.json.gz --baseline main`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.analyze(cmd.Context(), &c, args)
		},
	}
	c.view(cmd.Flags(), reportAsJSON)
	c.files(cmd.Flags(), reportsInto)
	c.analysis(cmd.Flags())
	c.parts(cmd.Flags())
	c.comparison(cmd.Flags(), a.forges)
	c.rerunFlag(cmd.Flags())
	return cmd
}

func (a *app) analyze(ctx context.Context, c *common, args []string) error {
	wanted, err := c.checkOutput()
	if err != nil {
		return err
	}
	judge, err := c.judge(a)
	if err != nil {
		return err
	}
	rep, _, err := a.analyzeRun(ctx, c, judge, wanted, args)
	if err != nil {
		return err
	}
	return finish(rep)
}

// analyzeRun reads all sources as one run, judges it, and writes and shows the
// report. A run that was judged is answered with an error, too, where that went
// wrong.
func (a *app) analyzeRun(ctx context.Context, c *common, judge judge, wanted, sources []string) (*report.Report, *run.Run, error) {
	r, err := a.read(ctx, c, judge.config, sources)
	if err != nil {
		return nil, nil, err
	}
	options, err := a.comparisonOptions(ctx, c, judge.config, r)
	if err != nil {
		return nil, nil, err
	}
	rep := judge.compare(r, options)
	return rep, r, a.deliver(ctx, c, wanted, rep, r)
}

// judge holds what turns a run into a report.
type judge struct {
	config   *config.Config
	failOn   []report.Status
	version  string
	redactor *redact.Redactor
}

func (c *common) judge(a *app) (judge, error) {
	failOn, err := c.statuses()
	if err != nil {
		return judge{}, err
	}
	cfg, err := c.loadConfig()
	return judge{config: cfg, failOn: failOn, version: a.version, redactor: a.redactor}, err
}

func (j judge) report(r *run.Run) *report.Report { return j.compare(r, analyze.Options{}) }

// compare reports on a run with what the options compare it with.
func (j judge) compare(r *run.Run, o analyze.Options) *report.Report {
	o.Config, o.Version, o.FailOn = maskedConfig(j.redactor, j.config), j.version, j.failOn
	rep := analyze.Analyze(r, o)
	maskReport(j.redactor, rep)
	return rep
}

// maskedConfig is the configuration for what is done with runs that were read.
func maskedConfig(redactor *redact.Redactor, cfg *config.Config) *config.Config {
	text, _ := ingest.Masks(redactor.Text, redact.Patterns)
	return cfg.Masked(text)
}

// maskReport masks all texts of a report as those of runs are masked, so that
// submetrics stay apart and metrics keep their names, also in sentences.
func maskReport(redactor *redact.Redactor, rep *report.Report) {
	text, metric := ingest.Masks(redactor.Text, redact.Patterns)
	metrics := make(map[string]bool)
	var stay []string
	for _, name := range metricsIn(rep) {
		if !metrics[name] && metric(name) == name && text(name) != name {
			stay = append(stay, regexp.QuoteMeta(name))
		}
		metrics[name] = true
	}
	var names *regexp.Regexp
	if len(stay) > 0 {
		names = regexp.MustCompile(`\b(?:` + strings.Join(stay, "|") + `)\b`)
	}
	redact.Strings(rep, func(s string) string {
		if base, _, _ := strings.Cut(s, "{"); metrics[base] {
			return metric(s)
		}
		return maskAround(names, s, text)
	})
}

// metricsIn are the metrics that a report names, some of them twice: the run, and
// those that it is compared with, which may have others.
func metricsIn(rep *report.Report) []string {
	var names []string
	for _, m := range rep.Run.Metrics {
		names = append(names, m.Name)
	}
	if c := rep.Comparison; c != nil {
		for i := range c.Gates {
			names = append(names, c.Gates[i].Metric)
		}
		for i := range c.Exploratory {
			names = append(names, c.Exploratory[i].Metric)
		}
	}
	if rep.Trend != nil {
		for i := range rep.Trend.Series {
			names = append(names, rep.Trend.Series[i].Metric)
		}
	}
	return names
}

// maskAround masks a text but for names in it, unless what is masked reaches beyond
// one of them.
func maskAround(names *regexp.Regexp, s string, mask func(string) string) string {
	whole := mask(s)
	if names == nil || whole == s {
		return whole
	}
	var around, apart strings.Builder
	at := 0
	for _, name := range append(names.FindAllStringIndex(s, -1), []int{len(s), len(s)}) {
		before, word := mask(s[at:name[0]]), s[name[0]:name[1]]
		around.WriteString(before + word)
		apart.WriteString(before + mask(word))
		at = name[1]
	}
	if apart.String() != whole {
		return whole
	}
	return around.String()
}

// read reads all sources as one run, those that args name and more.
func (a *app) read(ctx context.Context, c *common, cfg *config.Config, args []string, more ...ingest.Source) (*run.Run, error) {
	if err := c.checkInstances(); err != nil {
		return nil, err
	}
	labels, err := c.labelMap()
	if err != nil {
		return nil, err
	}
	sources, closeAll, err := a.openSources(ctx, args)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	progress := a.progress(c, sources)
	defer progress.finish()
	r, err := ingest.Read(ctx, append(sources, more...), ingest.Options{
		Workers:        runtime.GOMAXPROCS(0),
		Dimensions:     cfg.Dimensions,
		EndpointName:   cfg.EndpointName,
		ExcludedGroups: cfg.Exclude.Groups,
		Metrics:        metricsOf(cfg),
		Wanted:         analyze.WantedColumns(cfg),
		Instances:      c.instances,
		Mask:           a.redactor.Text,
		Patterns:       redact.Patterns,
		Labels:         labels,
		Progress:       progress.add,
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
