package config

import (
	"slices"
	"strings"
)

// Masked is a configuration for runs whose texts were masked: it names endpoints,
// groups and tags as those runs do, and what [Config.Effective] adds of a preset as
// well. Names of metrics stay, and rules, which a source that is yet to be read is
// held against; what is accepted is matched by [Config.Accepts]. The mask must not
// change what it gave; nil changes nothing.
func (c *Config) Masked(mask func(string) string) *Config {
	masked := *c
	if mask == nil {
		return &masked
	}
	masked.mask = mask
	masked.Dimensions, masked.Exclude.Groups = slices.Clone(c.Dimensions), slices.Clone(c.Exclude.Groups)
	for _, names := range [][]string{masked.Dimensions, masked.Exclude.Groups} {
		for i := range names {
			names[i] = mask(names[i])
		}
	}
	masked.ServiceLevels.Endpoints = maskedLevels(c.ServiceLevels.Endpoints, mask)
	masked.Gates = slices.Clone(c.Gates)
	for i := range masked.Gates {
		masked.Gates[i].Endpoint = mask(masked.Gates[i].Endpoint)
	}
	return &masked
}

// maskedLevels are the targets of endpoints by their masked names. Those of
// endpoints that masked runs can't tell apart hold for both.
func maskedLevels(levels []EndpointLevels, mask func(string) string) []EndpointLevels {
	var out []EndpointLevels
	for _, e := range levels {
		name := mask(e.Endpoint)
		i, known := slices.BinarySearchFunc(out, name, func(e EndpointLevels, name string) int { return strings.Compare(e.Endpoint, name) })
		if !known {
			out = slices.Insert(out, i, EndpointLevels{Endpoint: name})
		}
		out[i].Targets = slices.Concat(out[i].Targets, e.Targets)
	}
	return out
}

// Accepts reports whether an accepted change is one of a gate, whose endpoint is
// named as in masked runs. The change keeps the file's own name, and with it its
// [Accepted.Fingerprint], which must not vary with the secrets that are known.
func (c *Config) Accepts(a *Accepted, gate GateKey) bool {
	key := a.GateKey
	if c.mask != nil {
		key.Endpoint = c.mask(key.Endpoint)
	}
	return key == gate
}
