package graph

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func node(id string, after ...string) Node { return Node{ID: id, After: after} }

func TestBuildLevels(t *testing.T) {
	tests := map[string]struct {
		nodes []Node
		want  [][]int
	}{
		"nothing":         {nil, nil},
		"chain backwards": {[]Node{node("c", "b"), node("b", "a"), node("a")}, [][]int{{2}, {1}, {0}}},
		"diamond": {
			[]Node{node("a"), node("b", "a"), node("c", "a"), node("d", "c", "b")},
			[][]int{{0}, {1, 2}, {3}},
		},
		"longest path decides": {
			[]Node{node("a"), node("b", "a"), node("c", "a", "b")},
			[][]int{{0}, {1}, {2}},
		},
		"repeated dependency": {[]Node{node("a"), node("b", "a", "a")}, [][]int{{0}, {1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := Build(tt.nodes)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(g.Levels, tt.want) {
				t.Errorf("levels = %v, want %v", g.Levels, tt.want)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	tests := map[string]struct {
		nodes []Node
		want  string
	}{
		"no id":       {[]Node{node("")}, "task 1 has no id"},
		"id twice":    {[]Node{node("a"), node("a")}, `"a" is used twice`},
		"unknown":     {[]Node{node("a", "z")}, `"a" depends on "z", which is not`},
		"itself":      {[]Node{node("a", "a")}, "a -> a"},
		"behind tail": {[]Node{node("s"), node("t", "y"), node("x", "s", "y"), node("y", "x")}, "y -> x -> y"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Build(tt.nodes)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

// randomNodes draws nodes whose dependencies point anywhere, cycles included.
func randomNodes(t *rapid.T) []Node {
	n := rapid.IntRange(0, 12).Draw(t, "n")
	nodes := make([]Node, n)
	for i := range nodes {
		nodes[i].ID = strconv.Itoa(i)
		for range rapid.IntRange(0, 2).Draw(t, "deps") {
			nodes[i].After = append(nodes[i].After, strconv.Itoa(rapid.IntRange(0, n-1).Draw(t, "dep")))
		}
	}
	return nodes
}

func TestEveryGraphIsOrderedOrACycleIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := randomNodes(t)
		g, err := Build(nodes)
		if err != nil {
			checkCycle(t, nodes, err)
			return
		}
		level := make(map[int]int)
		for l, members := range g.Levels {
			for _, i := range members {
				level[i] = l
			}
		}
		if len(level) != len(nodes) || len(g.Order()) != len(nodes) {
			t.Fatalf("%d nodes are placed as %v", len(nodes), g.Levels)
		}
		for i := range nodes {
			deepest := -1
			for _, d := range g.Before[i] {
				deepest = max(deepest, level[d])
			}
			if level[i] != deepest+1 {
				t.Fatalf("node %d is on level %d, its dependencies reach %d", i, level[i], deepest)
			}
		}
	})
}

func checkCycle(t *rapid.T, nodes []Node, err error) {
	var cycle *CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("unexpected error: %v", err)
	}
	path := cycle.Path
	if len(path) < 2 || path[0] != path[len(path)-1] {
		t.Fatalf("%v is no circle", path)
	}
	for i := range path[:len(path)-1] {
		from, _ := strconv.Atoi(path[i])
		if !slices.Contains(nodes[from].After, path[i+1]) {
			t.Fatalf("%s does not wait for %s", path[i], path[i+1])
		}
	}
}

func BenchmarkBuild120(b *testing.B) {
	var nodes []Node
	for layer := range 12 {
		for i := range 10 {
			n := Node{ID: strconv.Itoa(layer*10 + i)}
			if layer > 0 {
				n.After = []string{strconv.Itoa((layer-1)*10 + i), strconv.Itoa((layer-1)*10 + (i+1)%10)}
			}
			nodes = append(nodes, n)
		}
	}
	for b.Loop() {
		if _, err := Build(nodes); err != nil {
			b.Fatal(err)
		}
	}
}
