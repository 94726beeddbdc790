package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/run"
)

// defaultStore is the folder of the baselines.
const defaultStore = "results/baselines"

// autoName stands for the name that a run's level, environment and scale make.
const autoName = "auto"

// stored adds the flags of which baseline is meant and where it is.
func (c *common) stored(f *pflag.FlagSet, kinds []forgeKind, usage string) {
	f.StringVar(&c.baseline, "baseline", "", usage)
	kept := eachForge(withStore(kinds), "", func(k forgeKind) string {
		return ", or " + k.storeScheme() + " for " + k.store + " (the default in " + k.ci + ")"
	})
	f.StringVar(&c.store, "store", "", "where the baselines are: a `folder` (default "+defaultStore+")"+kept)
}

// storeName is where the baselines are, by flag, configuration and default.
func (a *app) storeName(c *common, cfg *config.Config) string {
	usual := defaultStore
	if k, ci := a.ciForge(); ci && k.store != "" {
		usual = k.storeScheme()
	}
	return cmp.Or(c.store, cfg.Baseline.Store, usual)
}

// openStore opens the place where baselines are kept: the forge's, for a job of its
// CI, or a folder.
func (a *app) openStore(store string) (baseline.Blobs, error) {
	for _, k := range withStore(a.forges) {
		if rest, ours := strings.CutPrefix(store, k.storeScheme()); ours {
			return a.openForgeStore(k, rest)
		}
	}
	return a.openFolder(store)
}

// openForgeStore opens the place that a forge has for baselines.
func (a *app) openForgeStore(k forgeKind, rest string) (baseline.Blobs, error) {
	name := k.storeScheme()
	if rest != "" {
		return nil, usageError{hinted{errors.New("read --store: behind " + name + " stands nothing: it is " + k.store), "write --store " + name}}
	}
	job, err := k.job(a)
	if err != nil {
		return nil, usageError{hinted{
			errors.New("read --store: " + name + ": " + err.Error()),
			"elsewhere name a folder: --store " + defaultStore,
		}}
	}
	return job.blobs()
}

// openFolder opens a folder, or a URL of one.
func (a *app) openFolder(store string) (baseline.Blobs, error) {
	scheme, rest, found := strings.Cut(store, ":")
	if !found || len(scheme) < 2 || strings.ContainsAny(scheme, `/\.`) { // a path, maybe with a drive
		return baseline.Dir(filepath.Clean(store)), nil
	}
	if scheme != "file" {
		return nil, usageError{hinted{fmt.Errorf("read --store: there is no store %s", publicURL(store)), "name a folder, or " + eachForge(withStore(a.forges), " or ", forgeKind.storeScheme)}}
	}
	if !strings.HasPrefix(rest, "//") {
		return baseline.Dir(filepath.Clean(rest)), nil
	}
	u, err := url.Parse(store)
	if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" || u.RawQuery != "" || u.User != nil {
		return nil, usageError{hinted{fmt.Errorf("read --store: %s is no folder", publicURL(store)), "write file:///path/to/folder, or the folder alone"}}
	}
	return baseline.Dir(filepath.FromSlash(u.Path)), nil
}

// baselineName is the baseline of a run: the one asked for, "" for none.
func (c *common) baselineName(cfg *config.Config, r *run.Run) string {
	name := cmp.Or(c.baseline, cfg.Baseline.Name)
	if name == autoName {
		return baselineNameOf(r)
	}
	return name
}

// baselineNameOf makes a baseline's name of what a run measured.
func baselineNameOf(r *run.Run) string {
	parts := analyze.BaselineParts(r)
	if len(parts) == 0 {
		return "default"
	}
	return baseline.SafeName(strings.Join(parts, "-"))
}

// theBaseline opens the baseline that is asked for, or the only one there is.
func (a *app) theBaseline(ctx context.Context, c *common, cfg *config.Config) (*baseline.Store, baseline.Blobs, error) {
	blobs, err := a.openStore(a.storeName(c, cfg))
	if err != nil {
		return nil, nil, err
	}
	names, err := baseline.Names(ctx, blobs)
	if err != nil {
		return nil, nil, err
	}
	name := cmp.Or(c.baseline, cfg.Baseline.Name)
	switch {
	case name != "" && name != autoName:
		if err := baseline.CheckName(name); err != nil {
			return nil, nil, usageError{err}
		}
		if !slices.Contains(names, name) {
			return nil, nil, hinted{fmt.Errorf("there is no baseline %s in %s", name, a.storeName(c, cfg)), whichBaselines(names)}
		}
	case len(names) == 1:
		name = names[0]
	case len(names) == 0:
		return nil, nil, hinted{fmt.Errorf("there is no baseline in %s yet", a.storeName(c, cfg)), whichBaselines(nil)}
	default:
		return nil, nil, usageError{hinted{errors.New("there are several baselines"), "name one with --baseline: " + shortList(names)}}
	}
	s, err := baseline.Open(blobs, name)
	return s, blobs, err
}

func whichBaselines(names []string) string {
	if len(names) == 0 {
		return "add a run: k6report baseline add RUN"
	}
	return "there is: " + shortList(names)
}

// shortList names some of many.
func shortList(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// sayDamaged names the entries that could not be read.
func (a *app) sayDamaged(c *common, damaged []baseline.Damaged) {
	for _, d := range damaged {
		a.say(c, "skipped %s: %s", visible(d.Name), visible(d.Err.Error()))
	}
}
