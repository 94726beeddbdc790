package api

import (
	"net/http"
	"time"

	"k6report/testbed/internal/workflow"
)

type workflowLine struct {
	Name        string    `json:"name"`
	Version     int       `json:"version"`
	Description string    `json:"description"`
	TaskCount   int       `json:"taskCount"`
	CreatedAt   time.Time `json:"createdAt"`
}

func workflowLineOf(w workflow.Summary) workflowLine {
	return workflowLine{w.Name, w.Version, w.Description, w.Tasks, w.CreatedAt.UTC()}
}

func (s *Server) listWorkflows(r *http.Request) (answer, error) {
	p, err := page(r)
	if err != nil {
		return answer{}, err
	}
	found, err := s.Store.Definitions(r.Context(), p)
	if err != nil {
		return answer{}, err
	}
	return ok(list(found, p, workflowLineOf))
}

type workflowBody struct {
	workflow.Definition
	Statistics statisticsBody `json:"statistics"`
}

type statisticsBody struct {
	Executions    int64      `json:"executions"`
	Failures      int64      `json:"failures"`
	AverageMs     *float64   `json:"averageMs"` // null without executions
	LastExecution *time.Time `json:"lastExecutionAt"`
}

func (s *Server) getWorkflow(r *http.Request) (answer, error) {
	d, err := s.Store.Definition(r.Context(), r.PathValue("name"))
	if err != nil {
		return answer{}, err
	}
	stats, err := s.Store.Stats(r.Context(), d.Name)
	if err != nil {
		return answer{}, err
	}
	b := workflowBody{Definition: d}
	b.Statistics.Executions, b.Statistics.Failures = stats.Executions, stats.Failures
	if stats.Executions > 0 {
		average := milliseconds(stats.Time) / float64(stats.Executions)
		last := stats.LastAt.UTC()
		b.Statistics.AverageMs, b.Statistics.LastExecution = &average, &last
	}
	return ok(b)
}

type executeBody struct {
	Input map[string]any `json:"input"`
}

func (s *Server) execute(r *http.Request) (answer, error) {
	who, err := tenant(r)
	if err != nil {
		return answer{}, err
	}
	var body executeBody
	if err := decode(r, &body); err != nil {
		return answer{}, err
	}
	record, err := s.Engine.Execute(r.Context(), who, r.PathValue("name"), body.Input)
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if record.Status == workflow.Failed {
		status = http.StatusBadGateway // what the workflow called upon failed, not the engine
	}
	return answer{status, executionBodyOf(record)}, nil
}
