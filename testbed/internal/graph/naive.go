package graph

import "fmt"

// BuildByPaths builds the same graph as Build, but finds the depth of the last
// so many nodes as a first attempt would: by walking every path that leads to
// them, whose number grows as a power of the depth.
func BuildByPaths(nodes []Node, ends int) (Graph, error) {
	g, err := Build(nodes) // it also makes sure that no path goes round in circles
	if err != nil {
		return Graph{}, err
	}
	for i := max(0, len(nodes)-ends); i < len(nodes); i++ {
		depth := longest(g.Before, i)
		if depth >= len(g.Levels) {
			return Graph{}, fmt.Errorf("task %q lies %d deep in a graph of %d levels", nodes[i].ID, depth, len(g.Levels))
		}
	}
	return g, nil
}

// longest is the number of steps of the longest path to a node.
func longest(before [][]int, i int) int {
	depth := 0
	for _, d := range before[i] {
		depth = max(depth, longest(before, d)+1)
	}
	return depth
}
