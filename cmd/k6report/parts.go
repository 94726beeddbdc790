package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"k6report/internal/config"
	"k6report/internal/run"
)

// parts adds the flags of runs that several load generators made.
func (c *common) parts(f *pflag.FlagSet) {
	f.IntVar(&c.instances, "instances", 0, "how many load generators the run had; says so when the SOURCEs hold another `number`")
}

// checkInstances checks --instances.
func (c *common) checkInstances() error {
	const most = 100_000
	if c.instances < 0 || c.instances > most {
		return usageError{fmt.Errorf("read --instances: %d is not a number of load generators", c.instances)}
	}
	return nil
}

// metricsOf are the metrics that the configuration defines.
func metricsOf(cfg *config.Config) []run.Metric {
	var metrics []run.Metric
	for _, m := range cfg.Metrics {
		contains := "default"
		if m.Time {
			contains = "time"
		}
		metrics = append(metrics, run.Metric{Name: m.Name, Type: run.ParseMetricType(m.Type), Contains: contains})
	}
	return metrics
}
