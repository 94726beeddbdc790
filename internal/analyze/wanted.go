package analyze

import "k6report/internal/config"

// WantedColumns says which of the metrics joined to requests the attribution knows,
// for [run.Options]: the server's whole time above all, for without it nothing tells
// what is the server's and what the network's; then what the table of components has,
// then what the configuration maps. Others would only count as other.
func WantedColumns(c *config.Config) func(metric string) int {
	return func(metric string) int {
		if isTotal(metric) {
			return 3
		}
		if _, ok := toldAs(metric); ok {
			return 2
		}
		if _, ok := partOf(c, metric); ok {
			return 1
		}
		return 0
	}
}
