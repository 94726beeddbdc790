package config

import "slices"

// Masked is a configuration for runs whose texts were masked: what
// [Config.Effective] makes of it names endpoints, groups and tags as those runs do.
// Names of metrics stay. The receiver, which a source that is yet to be read is held
// against, stays as it is. A nil mask changes nothing.
func (c *Config) Masked(mask func(string) string) *Config {
	masked := *c
	masked.mask = mask
	return &masked
}

// maskNames masks what is compared with masked texts.
func (c *Config) maskNames() {
	if c.mask == nil {
		return
	}
	c.Dimensions, c.Exclude.Groups = slices.Clone(c.Dimensions), slices.Clone(c.Exclude.Groups)
	for _, names := range [][]string{c.Dimensions, c.Exclude.Groups} {
		for i := range names {
			names[i] = c.mask(names[i])
		}
	}
	c.ServiceLevels.Endpoints = slices.Clone(c.ServiceLevels.Endpoints)
	for i := range c.ServiceLevels.Endpoints {
		e := &c.ServiceLevels.Endpoints[i]
		e.Endpoint = c.mask(e.Endpoint)
	}
	c.Gates = slices.Clone(c.Gates)
	for i := range c.Gates {
		c.Gates[i].Endpoint = c.mask(c.Gates[i].Endpoint)
	}
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
