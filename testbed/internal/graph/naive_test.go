package graph

import (
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// However it finds depths, it is the same graph.
func TestBuildByPathsIsBuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := make([]Node, rapid.IntRange(0, 12).Draw(t, "nodes"))
		for i := range nodes {
			nodes[i].ID = strconv.Itoa(i)
			for before := range i {
				if rapid.Bool().Draw(t, "edge") {
					nodes[i].After = append(nodes[i].After, strconv.Itoa(before))
				}
			}
		}
		want, err := Build(nodes)
		if err != nil {
			t.Fatal(err)
		}
		got, err := BuildByPaths(nodes, rapid.IntRange(0, 20).Draw(t, "ends"))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("graph %+v, %v; want %+v", got, err, want)
		}
		for depth, level := range want.Levels {
			for _, i := range level {
				if found := longest(want.Before, i); found != depth {
					t.Errorf("the longest path to %d has %d steps, want %d", i, found, depth)
				}
			}
		}
	})
	if _, err := BuildByPaths([]Node{node("a", "b"), node("b", "a")}, 2); err == nil {
		t.Error("a circle has depths")
	}
}
