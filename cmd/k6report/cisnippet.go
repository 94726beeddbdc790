package main

// snippetFile is what init writes for GitLab CI.
const snippetFile = "k6report.gitlab-ci.yml"

// ciSnippet are jobs for GitLab CI, complete but for the names of the script and
// the image.
const ciSnippet = `# The load test of every merge request. Include it from .gitlab-ci.yml:
#
#   include:
#     - local: ` + snippetFile + `
#
# replace load.js below, twice, with the path of your script, and set K6REPORT_IMAGE
# to an image with k6 and k6report, K6REPORT_GITLAB_TOKEN (masked, and not protected,
# or merge requests don't see it) to a project access token with role Developer and
# scope api. Without the token runs are compared and judged, and nothing is published:
# no comment, thread, status or issue.
.k6report:
  image:
    name: $K6REPORT_IMAGE
    entrypoint: [""]
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH # pushes and schedules; feeds the baseline
  interruptible: false
  resource_group: k6-default # two load tests never share a target; k6-NAME for another one
  timeout: 1h # twice the test and ten minutes
  cache:
    key: k6report
    paths: [.k6report/cache/]
  artifacts:
    when: always
    expire_in: 30 days
    paths: [results/ci/]
    exclude: [results/**/run.json.gz, results/**/summary.json] # k6's own: large, and not masked

load-test:
  extends: .k6report
  script:
    - k6report ci -- k6 run load.js
  artifacts:
    expose_as: load test
    paths: [results/ci/, results/ci-confirm/]
    reports:
      junit: results/ci/junit.xml
      annotations: results/ci/annotations.json
      metrics: results/ci/metrics.txt
      load_performance: results/ci/load-performance.json

# By hand, once: five runs that the first merge requests are compared with.
load-test-seed:
  extends: .k6report
  rules:
    - if: $CI_COMMIT_BRANCH && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE != "schedule"
      when: manual
      allow_failure: true
  timeout: 3h
  script:
    - k6report ci --repeat 5 --confirm=false --status=false -- k6 run load.js
`
