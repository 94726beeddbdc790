package api

import (
	"net/http"
	"time"

	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/task"
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
	record, err := s.Engine.Execute(r.Context(),
		engine.Request{Tenant: who, Workflow: r.PathValue("name"), Input: body.Input})
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if record.Status == workflow.Failed {
		status = http.StatusBadGateway // what the workflow called upon failed, not the engine
	}
	return answer{status, executionBodyOf(record)}, nil
}

// test answers 200 even when a task fails: that is what was to be found out.
func (s *Server) test(r *http.Request) (answer, error) {
	var body executeBody
	if err := decode(r, &body); err != nil {
		return answer{}, err
	}
	record, err := s.Engine.Test(r.Context(), r.PathValue("name"), body.Input)
	if err != nil {
		return answer{}, err
	}
	return ok(executionBodyOf(record))
}

type testExecuteBody struct {
	Workflow *workflow.Definition `json:"workflow"`
	Input    map[string]any       `json:"input"`
}

func (s *Server) testExecute(r *http.Request) (answer, error) {
	var body testExecuteBody
	if err := decode(r, &body); err != nil {
		return answer{}, err
	}
	if body.Workflow == nil {
		return answer{}, badRequest("the body has no workflow")
	}
	record, err := s.Engine.TestDefinition(r.Context(), *body.Workflow, body.Input)
	if err != nil {
		return answer{}, err
	}
	return ok(executionBodyOf(record))
}

type validationBody struct {
	Valid  bool                  `json:"valid"`
	Errors []workflow.InputFault `json:"errors"`
}

func (s *Server) validateInput(r *http.Request) (answer, error) {
	var body executeBody
	if err := decode(r, &body); err != nil {
		return answer{}, err
	}
	faults, err := s.Engine.ValidateInput(r.Context(), r.PathValue("name"), body.Input)
	if err != nil {
		return answer{}, err
	}
	if faults == nil {
		faults = []workflow.InputFault{} // none is a list, too
	}
	return ok(validationBody{Valid: len(faults) == 0, Errors: faults})
}

type itemsBody[T any] struct {
	Items []T `json:"items"`
}

func (s *Server) listVersions(r *http.Request) (answer, error) {
	found, err := s.Store.Versions(r.Context(), r.PathValue("name"))
	if err != nil {
		return answer{}, err
	}
	lines := make([]workflowLine, len(found))
	for i, w := range found {
		lines[i] = workflowLineOf(w)
	}
	return ok(itemsBody[workflowLine]{lines})
}

func (s *Server) listTasks(*http.Request) (answer, error) {
	return ok(itemsBody[task.Info]{task.Catalogue()})
}
