# k6report. `make` lists the targets. Only Go, git, make, bash and the registries that
# they use are assumed; everything else is installed into .tools by the targets
# that need it, at the versions of tools/versions.env.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

TOOLS   := $(CURDIR)/.tools/bin
MODULES := . testbed
INSTALL := tools/install.sh

# The tools come first, so that tests meet the pinned k6. The checkout may belong
# to another user than the one who builds, which git refuses to describe.
export PATH    := $(TOOLS):$(PATH)
export GOFLAGS := -buildvcs=false $(filter-out -buildvcs=%,$(GOFLAGS))
# Go is at least the one of go.mod, which has the repairs that `make vuln` asks for: an
# older one fetches it. GOTOOLCHAIN=local takes the Go that is there.
export GOTOOLCHAIN ?= auto

GIT     := git -c safe.directory='$(CURDIR)'
VERSION ?= $(shell $(GIT) describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

# How long each fuzzer of `make fuzz` runs.
FUZZTIME ?= 10s

# Of `make bench`: how often programs and Go benchmarks are repeated; BIG=0 leaves
# out the run of 8 GB; OUT=docs/benchmarks.md rewrites the results in that page;
# SCALE=0.01 tries out the harness in seconds; ONLY=influxdb makes one measurement,
# without the Go benchmarks (json, gzip, csv, influxdb, series, growing, attribution, quick).
N         ?= 5
COUNT     ?= 6
BENCHTIME ?= 100ms
BIG       ?= 1
ONLY      ?=
SCALE     ?= 1
OUT       ?=

# What fills and packs pictures is not watched: it starts no goroutines, and took
# five of every six seconds under the race detector.
UNWATCHED := $(foreach p,image/png compress/flate hash/adler32 github.com/golang/freetype/raster,-gcflags=$(p)=-race=false)

# The race detector needs cgo and a C compiler.
CC_NAME := $(firstword $(shell go env CC 2>/dev/null))
ifeq ($(shell command -v $(or $(CC_NAME),cc) 2>/dev/null),)
RACE_NOTE    := echo 'no C compiler: the tests run without the race detector' >&2
GO_TEST_RACE := go test
else
RACE_NOTE    := :
GO_TEST_RACE := CGO_ENABLED=1 go test -race $(UNWATCHED)
endif

# each runs a command in every module, and fails when one did.
each = status=0; for m in $(MODULES); do (cd $$m && $(1)) || status=1; done; exit $$status

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/k6report
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/k6report ./cmd/k6report

.PHONY: tools
tools: ## install k6 and the other tools that the tests use
	$(INSTALL) golangci-lint k6 influxd postgresql chromium axe-core signalr gitlab-ci-local

.PHONY: fmt
fmt: ## format all Go code
	$(INSTALL) golangci-lint
	$(call each,golangci-lint fmt --config $(CURDIR)/.golangci.yml)

.PHONY: check
check: vet lint unit ## before every commit: format, vet, linters, import rules, unit tests

.PHONY: vet
vet:
	$(call each,go vet ./...)
	go vet -tags man ./cmd/k6report
	for os in windows darwin; do GOOS=$$os CGO_ENABLED=0 go vet ./cmd/... ./internal/...; done

.PHONY: lint
lint:
	$(INSTALL) golangci-lint
	$(call each,golangci-lint run --config $(CURDIR)/.golangci.yml ./...)

# The seeds of the fuzzers and the examples of the documentation run as tests. What
# -short leaves out would fail where nothing may be left out: `make test` runs it next.
.PHONY: unit
unit:
	@$(RACE_NOTE)
	$(call each,K6REPORT_REQUIRE_ALL= $(GO_TEST_RACE) -short -timeout 10m ./...)

# Not from the cache: what k6 reads, such as scenarios/, Go does not see.
.PHONY: test
test: tools check build ## all of check, and end to end with the real k6; what CI runs
	go test -count=1 -timeout 15m ./...
	cd testbed && go test -count=1 -p 1 -timeout 15m ./... # one at a time: they measure an engine under load
	$(acceptance) -short

# A week of merge requests, for real: its first day is part of `make test`.
# ACCEPTANCE=-only=1,2,7 chooses some, or other flags of tools/acceptance.
ACCEPTANCE ?=
acceptance = cd testbed && CGO_ENABLED=0 go build -trimpath -o ../bin/engine ./cmd/engine && cd .. && go run ./tools/acceptance

.PHONY: acceptance
acceptance: build ## live through a week of merge requests, with engine, k6, InfluxDB and a GitLab; a quarter of an hour of light load
	$(INSTALL) k6 influxd postgresql
	$(acceptance) $(ACCEPTANCE)

.PHONY: demo
demo: ## see reports of real runs, and a fault found: builds everything, then two minutes of light load on this machine
	$(INSTALL) k6
	tools/demo.sh

.PHONY: gallery
gallery: ## write reports of every state into results/gallery, of real runs; three minutes of light load on this machine
	$(INSTALL) k6 chromium
	tools/gallery.sh $(STATES)

.PHONY: docs-pictures
docs-pictures: ## take the pictures of docs/reading-a-report.md from the reports of `make gallery`
	$(INSTALL) chromium
	go run ./tools/shots -docs results/gallery

.PHONY: bench
bench: build ## hold speed and memory against their goals; on a quiet machine with 13 GB of disk
	$(INSTALL) influxd duckdb jq benchstat
	mkdir -p .cache/bench
	go build -o .cache/bench/harness ./tools/bench
	.cache/bench/harness -n $(N) -scale $(SCALE) -big=$(if $(filter 0,$(BIG)),false,true) \
	  -version '$(VERSION)' $(if $(ONLY),-only '$(ONLY)') $(if $(OUT),-o '$(OUT)')
	$(if $(ONLY),exit 0;) ($(call each,go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(COUNT) ./...)) >.cache/bench/new.txt || \
	  { cat .cache/bench/new.txt >&2; exit 1; }
	@$(if $(ONLY),exit 0;) cd .cache/bench && if [[ -f old.txt ]]; then benchstat old.txt new.txt; else benchstat new.txt; fi

.PHONY: inputs-table
inputs-table: ## write the table of docs/inputs.md anew, of real runs in every format
	$(INSTALL) k6 influxd
	go test -count=1 -run '^TestInputs$$' ./cmd/k6report -update

.PHONY: reference
reference: ## write docs/commands.md, docs/configuration.md and the tables of the server's times anew, from the code
	go test -count=1 -run '^TestReference$$' ./cmd/k6report -update

.PHONY: licences
licences: ## write docs/licences.md anew: what the program is built with, and under which licences
	@mkdir -p .cache
	go run ./tools/licences >.cache/licences.md
	sed '/^| module/,$$d' docs/licences.md | cat - .cache/licences.md >.cache/page.md && mv .cache/page.md docs/licences.md

# How many bytes a program may have.
MOST_BYTES := 30000000

.PHONY: release
release: ## build archives for all systems, with checksums and bills of materials, into .cache/release; asks for vulnerabilities first, publishes nothing
	$(INSTALL) goreleaser cyclonedx-gomod
	$(if $(shell $(GIT) status --porcelain 2>/dev/null),@echo 'release: there are uncommitted changes: the same commit has to give the same bytes' >&2; exit 1)
	$(MAKE) vuln
	goreleaser release --clean --skip=publish $(if $(shell $(GIT) describe --exact-match --tags 2>/dev/null),,--snapshot)
	@large=$$(find .cache/release -type f \( -name k6report -o -name k6report.exe \) -size +$(MOST_BYTES)c); \
	  [[ -z $$large ]] || { printf 'release: larger than $(MOST_BYTES) bytes:\n%s\n' "$$large" >&2; exit 1; }
	@ls -l .cache/release/*.tar.gz .cache/release/*.zip && cat .cache/release/SHA256SUMS

.PHONY: bench-reports
bench-reports: ## how long all reports of half an hour take, how large the page is, and when it is painted; on a quiet machine
	$(INSTALL) chromium
	go test -count=1 -run '^$$' -bench '^BenchmarkAllReports$$' -benchtime 10x ./cmd/k6report
	go test -count=1 -v -run '^(TestSizeOfThePage|TestFirstPaint)$$' ./internal/render/page

# Of `make lab`: LAB=-faults=db-pool,callee or other flags of testbed/cmd/lab.
LAB ?=
lab = cd testbed && go run ./cmd/lab -engine $(CURDIR)/bin/engine -k6report $(CURDIR)/bin/k6report -page $(CURDIR)/docs/attribution-accuracy.md

.PHONY: lab
lab: build ## count how often the attribution is right, on injected faults; hours, on a machine of its own, goes on where it was
	$(INSTALL) k6 postgresql
	cd testbed && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/bin/engine ./cmd/engine
	$(lab) $(LAB)

.PHONY: lab-score
lab-score: build ## score the runs of `make lab` again, without running any
	$(lab) -score $(LAB)

# Of `make stats`: made-up reports and histories of each kind; `make stats-runs` makes real runs
# of the engine until LIMIT is over, and goes on with them the next time.
REPORTS ?= 10000
SERIES  ?= 2000
LIMIT   ?= 1h

.PHONY: stats
stats: ## what verdicts can promise, by simulation; some minutes
	go run ./tools/stats simulate -reports $(REPORTS) $(if $(OUT),-o '$(OUT)')
	go run ./tools/stats trend -series $(SERIES) $(if $(OUT),-o '$(OUT)')

.PHONY: stats-runs
stats-runs: build ## the same by real runs of the testbed's engine; half an hour
	$(INSTALL) k6
	cd testbed && CGO_ENABLED=0 go build -trimpath -o ../bin/engine ./cmd/engine
	go run ./tools/stats runs -limit $(LIMIT)
	go run ./tools/stats judge $(if $(OUT),-o '$(OUT)')

.PHONY: fuzz
fuzz: ## run every fuzzer for FUZZTIME (10s)
	$(call each,bash $(CURDIR)/tools/fuzz.sh $(FUZZTIME))

.PHONY: vuln
vuln: ## look for known vulnerabilities in what is called of other modules and of Go
	$(INSTALL) govulncheck
	$(call each,$(CURDIR)/tools/vuln.sh)

.PHONY: clean
clean: ## remove what was built; tools and runs stay
	rm -rf bin .cache
	go clean -testcache
