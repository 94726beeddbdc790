// Package graph turns tasks that name the tasks they wait for into a directed
// acyclic graph with an order and levels.
//
// It knows nothing of what a task does, and it runs nothing.
package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Node is one task and the ids of those that must be done before it.
type Node struct {
	ID    string
	After []string // no order; a repeated id counts once
}

// Graph is the plan of an acyclic set of nodes. Nodes are spoken of by their
// index in the slice that Build was given.
type Graph struct {
	// Levels holds the nodes by their distance from the start: nodes of one
	// level depend only on earlier levels and may run side by side. Inside a
	// level nodes stand in the order they were given.
	Levels [][]int
	// Before holds each node's direct dependencies, ascending; nil for none.
	Before [][]int
}

// Order lists all nodes so that each comes after those it depends on.
func (g Graph) Order() []int {
	return slices.Concat(g.Levels...)
}

// CycleError says that nodes wait for one another.
type CycleError struct {
	// Path is one such circle, each node waiting for the next; the first id is
	// repeated at the end.
	Path []string
}

func (e *CycleError) Error() string {
	return "tasks wait for one another: " + strings.Join(e.Path, " -> ")
}

// Build checks the nodes and computes their levels (Kahn's algorithm, level
// by level). No nodes is a graph without levels. Errors: an empty or repeated
// id, a dependency that isn't there, or a *CycleError.
func Build(nodes []Node) (Graph, error) {
	before, err := dependencies(nodes)
	if err != nil {
		return Graph{}, err
	}
	after := make([][]int, len(nodes))
	open := make([]int, len(nodes)) // dependencies not yet placed
	var level []int
	for i, deps := range before {
		open[i] = len(deps)
		for _, d := range deps {
			after[d] = append(after[d], i)
		}
		if len(deps) == 0 {
			level = append(level, i)
		}
	}

	g := Graph{Before: before}
	placed := 0
	for len(level) > 0 {
		g.Levels = append(g.Levels, level)
		placed += len(level)
		var next []int
		for _, i := range level {
			for _, n := range after[i] {
				if open[n]--; open[n] == 0 {
					next = append(next, n)
				}
			}
		}
		slices.Sort(next)
		level = next
	}
	if placed < len(nodes) {
		return Graph{}, &CycleError{Path: circle(nodes, before, open)}
	}
	return g, nil
}

// dependencies resolves the ids that nodes name into indexes.
func dependencies(nodes []Node) ([][]int, error) {
	index := make(map[string]int, len(nodes))
	for i, n := range nodes {
		if n.ID == "" {
			return nil, fmt.Errorf("task %d has no id", i+1)
		}
		if _, taken := index[n.ID]; taken {
			return nil, fmt.Errorf("task id %q is used twice", n.ID)
		}
		index[n.ID] = i
	}
	before := make([][]int, len(nodes))
	for i, n := range nodes {
		for _, id := range n.After {
			d, known := index[id]
			if !known {
				return nil, fmt.Errorf("task %q depends on %q, which is not in the workflow", n.ID, id)
			}
			before[i] = append(before[i], d)
		}
		slices.Sort(before[i])
		before[i] = slices.Compact(before[i])
	}
	return before, nil
}

// circle finds one cycle among the nodes that could not be placed: each of
// them waits for another of them, so walking along ends up where it has been.
func circle(nodes []Node, before [][]int, open []int) []string {
	at := slices.IndexFunc(open, func(n int) bool { return n > 0 })
	var path []int
	seen := make(map[int]int) // node to its place in the path
	for {
		if first, again := seen[at]; again {
			path = append(path[first:], at)
			break
		}
		seen[at] = len(path)
		path = append(path, at)
		blocker := slices.IndexFunc(before[at], func(d int) bool { return open[d] > 0 })
		at = before[at][blocker]
	}
	ids := make([]string, len(path))
	for i, n := range path {
		ids[i] = nodes[n].ID
	}
	return ids
}
