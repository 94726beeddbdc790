package gitlab

import (
	"context"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// newer says what is known of newer pipelines of a merge request.
type newer int

const (
	newerNone   newer = iota
	newerThere        // there is one
	newerSaid         // its job has ended by itself: what it had to say is written
	newerComing       // its job runs now, and so is going to write
)

// newer looks for pipelines of a merge request that are newer than one, and for
// a job in them. Only one that runs is waited for: one that has yet to start may
// be skipped, cancelled or never begin, and finds what is written here if not.
func (c *Client) newer(ctx context.Context, mr MergeRequest, than int64, job string) (newer, error) {
	call, cancel := c.within(ctx)
	defer cancel()
	pipelines, _, err := c.api.MergeRequests.ListMergeRequestPipelines(mr.Project, mr.IID, gitlab.WithContext(call))
	if err != nil {
		wrapped := wrap("list the pipelines of "+mr.String(), err)
		if status := statusOf(wrapped); status == 403 || status == 404 {
			return newerNone, nil // not for this token: then nobody is waited for
		}
		return newerNone, wrapped
	}
	found := newerNone
	for _, pipeline := range pipelines {
		if pipeline.ID <= than || than == 0 {
			continue
		}
		found = max(found, newerThere)
		opt := &gitlab.ListJobsOptions{}
		opt.PerPage = 100
		jobs, _, err := c.api.Jobs.ListPipelineJobs(pipeline.ProjectID, pipeline.ID, opt, gitlab.WithContext(call))
		if err != nil {
			continue // what can't be seen isn't waited for
		}
		for _, j := range jobs {
			if j.Name == job {
				found = max(found, saidBy(j.Status))
			}
		}
	}
	return found, nil
}

// saidBy is what the status of a newer pipeline's job means.
func saidBy(status string) newer {
	switch status {
	case "running":
		return newerComing
	case "success", "failed":
		return newerSaid
	}
	return newerThere
}
