package gitlab

import (
	"context"
	"fmt"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// newerPipelines looks for pipelines of a merge request that are newer than one,
// and in them for a job of that name, or of the key, which the job of a second run
// shares with that of the first. Only one that runs is waited for: one that has yet to
// start may be skipped, cancelled or never begin, and finds what is written here
// if not. What the token may not see isn't waited for either; what GitLab could
// not tell is an error, for nobody knows then whom a write would talk over.
func (c *Client) newerPipelines(ctx context.Context, mr forge.Request, than int64, job, key string) (forge.Newer, error) {
	call, cancel := c.within(ctx)
	defer cancel()
	// One page, on which the newest stand.
	pipelines, _, err := c.api.MergeRequests.ListMergeRequestPipelines(mr.Project, mr.Number, gitlab.WithContext(call))
	if err != nil {
		return forge.NewerNone, unlessHidden(wrap("list the pipelines of "+mr.String(), err))
	}
	found := forge.NewerNone
	for _, pipeline := range pipelines {
		if pipeline.ID <= than || than == 0 {
			continue
		}
		there, err := c.newerJob(ctx, pipeline, job, key)
		if err != nil {
			return forge.NewerNone, err
		}
		found = max(found, there)
	}
	return found, nil
}

// newerJob is what is known of a job in a newer pipeline.
func (c *Client) newerJob(ctx context.Context, pipeline *gitlab.PipelineInfo, job, key string) (forge.Newer, error) {
	found := forge.NewerThere
	opt := &gitlab.ListJobsOptions{}
	opt.PerPage = 100
	err := c.pages(ctx, fmt.Sprintf("list the jobs of pipeline %d", pipeline.ID), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		jobs, resp, err := c.api.Jobs.ListPipelineJobs(pipeline.ProjectID, pipeline.ID, opt, gitlab.WithContext(ctx))
		for _, j := range jobs {
			if j.Name == job || forge.Key(j.Name) == key {
				found = max(found, saidBy(j.Status))
			}
		}
		return resp, err
	})
	return found, unlessHidden(err)
}

// unlessHidden is an error, but for one that says that the token may not see
// something.
func unlessHidden(err error) error {
	switch forge.StatusOf(err) {
	case http.StatusForbidden, http.StatusNotFound:
		return nil
	}
	return err
}

// saidBy is what the status of a newer pipeline's job means. One that failed may
// have been failed by its verdict, which it wrote, or have broken off before it
// had any: what is there tells, not the status.
func saidBy(status string) forge.Newer {
	switch status {
	case "running":
		return forge.NewerComing
	case "success":
		return forge.NewerSaid
	}
	return forge.NewerThere
}
