package main

import (
	"context"
	"io"
)

func runsCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	return "", output{}, nil
}

func judgeCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	return "", output{}, nil
}
