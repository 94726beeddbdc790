// Package seed is the data a fresh engine starts with: workflows of several
// shapes, and a few executions of each, so that whoever reads finds something.
package seed

import (
	"context"
	"fmt"

	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/workflow"
)

// Tenants are those that the seeded executions belong to.
func Tenants() []string {
	return []string{"default", "acme", "globex", "initech"}
}

// Fill stores the workflows and executes each of them so many times for each
// tenant. A database that holds them already gets the executions only.
func Fill(ctx context.Context, e *engine.Engine, executionsEach int) error {
	for _, d := range Definitions() {
		if _, err := e.Deploy(ctx, d); err != nil {
			return fmt.Errorf("store the sample workflows: %w", err)
		}
		for _, tenant := range Tenants() {
			for range executionsEach {
				record, err := e.Execute(ctx, engine.Request{Tenant: tenant, Workflow: d.Name})
				if err != nil {
					return fmt.Errorf("execute the sample workflows: %w", err)
				}
				if record.Status != workflow.Completed {
					return fmt.Errorf("execute the sample workflow %q: %s", d.Name, record.Error)
				}
			}
		}
	}
	return nil
}

// Definitions lists the sample workflows. All of them run on an empty input.
func Definitions() []workflow.Definition {
	return []workflow.Definition{
		chain(), fanOut(), diamond(), layered(), mesh(), report(), guarded(), quote(), quotes(),
	}
}

func compute(id string, rounds float64, value string, after ...string) workflow.Task {
	return workflow.Task{
		ID: id, Kind: "compute", DependsOn: after,
		With: map[string]any{"rounds": rounds, "value": value},
	}
}

func transform(id string, with map[string]any, after ...string) workflow.Task {
	return workflow.Task{ID: id, Kind: "transform", DependsOn: after, With: with}
}

func orderInput() []workflow.Field {
	return []workflow.Field{
		{Name: "orderId", Type: "string", Default: "order-1"},
		{Name: "amount", Type: "number", Default: 100.0},
		{Name: "customer", Type: "object", Default: map[string]any{"name": "Ada", "country": "GB"}},
	}
}

func chain() workflow.Definition {
	return workflow.Definition{
		Name: "order-chain", Description: "Four tasks, one after the other", Input: orderInput(),
		Tasks: []workflow.Task{
			transform("receive", map[string]any{
				"order": "{{input.orderId}}", "customer": "{{input.customer.name}}", "amount": "{{input.amount}}",
			}),
			compute("score", 2000, "{{tasks.receive.output.customer}}/{{tasks.receive.output.amount}}", "receive"),
			compute("reserve", 2000, "{{tasks.receive.output.order}}-{{tasks.score.output.digest}}", "receive", "score"),
			transform("confirm", map[string]any{
				"text": "Dear {{input.customer.name}}, order {{input.orderId}} is reserved as {{tasks.reserve.output.digest}}.",
			}, "reserve"),
		},
		Output: map[string]any{"message": "{{tasks.confirm.output.text}}", "score": "{{tasks.score.output.digest}}"},
	}
}

func fanOut() workflow.Definition {
	d := workflow.Definition{
		Name: "fan-out-5", Description: "Five tasks side by side, then one that needs them all", Input: orderInput(),
	}
	gathered, names := map[string]any{}, []string{}
	for i := range 5 {
		id := fmt.Sprintf("branch-%d", i+1)
		d.Tasks = append(d.Tasks, compute(id, 2000, fmt.Sprintf("{{input.orderId}}/%d", i+1)))
		gathered[id] = "{{tasks." + id + ".output.digest}}"
		names = append(names, id)
	}
	d.Tasks = append(d.Tasks, transform("gather", gathered, names...))
	return d
}

func diamond() workflow.Definition {
	return workflow.Definition{
		Name: "diamond", Description: "One task, two that need it, one that needs both", Input: orderInput(),
		Tasks: []workflow.Task{
			compute("start", 2500, "{{input.orderId}}"),
			compute("left", 4000, "{{tasks.start.output.digest}}-l", "start"),
			compute("right", 4000, "{{tasks.start.output.digest}}-r", "start"),
			transform("end", map[string]any{
				"pair": []any{"{{tasks.left.output.digest}}", "{{tasks.right.output.digest}}"},
			}, "left", "right"),
		},
	}
}

// layered has 120 tasks: 12 layers of 10, each task needing two of the layer
// before.
func layered() workflow.Definition {
	const layers, width = 12, 10
	d := workflow.Definition{Name: "layered-120", Description: "120 tasks in 12 layers of 10", Input: orderInput()}
	id := func(layer, i int) string { return fmt.Sprintf("t%02d-%d", layer, i%width) }
	for layer := range layers {
		for i := range width {
			if layer == 0 {
				d.Tasks = append(d.Tasks, compute(id(0, i), 600, fmt.Sprintf("{{input.orderId}}/%d", i)))
				continue
			}
			a, b := id(layer-1, i), id(layer-1, i+1)
			value := fmt.Sprintf("{{tasks.%s.output.digest}}{{tasks.%s.output.digest}}", a, b)
			d.Tasks = append(d.Tasks, compute(id(layer, i), 600, value, a, b))
		}
	}
	return d
}

// mesh has few tasks and many paths: 12 layers of 3, each task needing all
// three of the layer before, which makes 3^11 paths to each of the last.
func mesh() workflow.Definition {
	const layers, width = 12, 3
	d := workflow.Definition{Name: "mesh-36", Description: "36 tasks in 12 layers, each needing the whole layer before", Input: orderInput()}
	var before []string
	for layer := range layers {
		var ids []string
		for i := range width {
			id := fmt.Sprintf("m%02d-%d", layer, i)
			d.Tasks = append(d.Tasks, transform(id, map[string]any{"order": "{{input.orderId}}"}, before...))
			ids = append(ids, id)
		}
		before = ids
	}
	return d
}

// report is about templates: a text of many expressions.
func report() workflow.Definition {
	lines := make([]any, 40)
	for i := range lines {
		lines[i] = fmt.Sprintf("%d: {{input.orderId}} for {{input.customer.name}} ({{input.customer.country}}), "+
			"{{input.amount}} {{input.currency | \"EUR\"}}, digest {{tasks.seal.output.digest}}", i+1)
	}
	return workflow.Definition{
		Name: "report", Description: "Two tasks, the second fills in 240 expressions", Input: orderInput(),
		Tasks: []workflow.Task{
			compute("seal", 2000, "{{input.orderId}}"),
			transform("render", map[string]any{"lines": lines}, "seal"),
		},
		Output: map[string]any{"first": "{{tasks.render.output.lines.0}}"},
	}
}

func guarded() workflow.Definition {
	return workflow.Definition{
		Name: "guarded", Description: "Fails unless the input says that it is approved",
		Input: []workflow.Field{{Name: "approved", Type: "boolean", Default: true}},
		Tasks: []workflow.Task{
			compute("prepare", 2500, "{{input.approved}}"),
			{ID: "guard", Kind: "assert", DependsOn: []string{"prepare"}, With: map[string]any{
				"value": "{{input.approved}}", "equals": true, "message": "the request must be approved",
			}},
			transform("release", map[string]any{"released": "{{tasks.guard.output.value}}"}, "guard"),
		},
	}
}

func call(id, item string, after ...string) workflow.Task {
	return workflow.Task{ID: id, Kind: "http", DependsOn: after, With: map[string]any{
		"path": "/quote", "query": map[string]any{"item": item},
	}}
}

func quote() workflow.Definition {
	return workflow.Definition{
		Name: "quote", Description: "Asks another service for a price", Input: orderInput(),
		Tasks: []workflow.Task{
			compute("prepare", 1500, "{{input.orderId}}"),
			call("ask", "{{input.orderId}}", "prepare"),
			transform("price", map[string]any{"price": "{{tasks.ask.output.body.price | \"unknown\"}}"}, "ask"),
		},
	}
}

// quotes asks five times at once: what a pool of connections is for.
func quotes() workflow.Definition {
	d := workflow.Definition{
		Name: "quotes-5", Description: "Asks another service for five prices at once", Input: orderInput(),
	}
	prices, names := map[string]any{}, []string{}
	for i := range 5 {
		id := fmt.Sprintf("ask-%d", i+1)
		d.Tasks = append(d.Tasks, call(id, fmt.Sprintf("{{input.orderId}}-%d", i+1)))
		prices[id] = "{{tasks." + id + ".output.body.price | \"unknown\"}}"
		names = append(names, id)
	}
	d.Tasks = append(d.Tasks, transform("compare", prices, names...))
	return d
}
