// Package task is the work that the engine's tasks can do. Each kind is small
// and real: it spends processor time or waits for somebody, and never sleeps.
package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"

	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/template"
)

// MaxRounds bounds what one compute task may be asked for.
const MaxRounds = 1_000_000

// Kinds returns all kinds; those that call another service do so by c.
func Kinds(c *outbound.Client) map[string]runner.Kind {
	kinds := DryKinds()
	kinds["http"] = outboundCall(c)
	return kinds
}

// DryKinds returns all kinds, none of which reaches out of the process.
func DryKinds() map[string]runner.Kind {
	return map[string]runner.Kind{
		"compute":   compute,
		"transform": transform,
		"assert":    assert,
		"http":      outboundDry,
	}
}

// compute hashes "value" over and over, "rounds" times (1 to MaxRounds, 1 if
// absent), and answers the digest: work that can't be optimised away.
func compute(ctx context.Context, with map[string]any) (map[string]any, error) {
	rounds := 1.0
	if given, present := with["rounds"]; present {
		number, ok := given.(float64)
		if !ok || number < 1 || number > MaxRounds {
			return nil, fmt.Errorf("compute: rounds is %v; want a number from 1 to %d", given, MaxRounds)
		}
		rounds = number
	}
	digest := sha256.Sum256([]byte(template.Print(with["value"])))
	for i := 1; i < int(rounds); i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("compute: %w", ctx.Err())
		}
		digest = sha256.Sum256(digest[:])
	}
	return map[string]any{"digest": hex.EncodeToString(digest[:8])}, nil
}

// transform answers its parameters: the templates in them were the work.
func transform(_ context.Context, with map[string]any) (map[string]any, error) {
	return with, nil
}

// assert fails with "message" unless "value" equals "equals".
func assert(_ context.Context, with map[string]any) (map[string]any, error) {
	if !reflect.DeepEqual(with["value"], with["equals"]) {
		message := template.Print(with["message"])
		if message == "null" || message == "" {
			message = "the assertion does not hold"
		}
		return nil, fmt.Errorf("assert: %s: %s is not %s",
			message, template.Print(with["value"]), template.Print(with["equals"]))
	}
	return map[string]any{"value": with["value"]}, nil
}
