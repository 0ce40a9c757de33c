# Needs Go and make. Everything that is built lands in bin/. "make" alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO ?= go
GOBUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
SOURCES := activities internal starter worker workflows
FUZZTIME ?= 30s
# The race detector needs a C compiler.
RACE := $(if $(shell command -v gcc || command -v clang || command -v cc),-race,)
# Docker's own plugin or the stand-alone program, whichever is there.
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || command -v docker-compose)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)


.PHONY: build
build: programs bin/temporal ## Build every program and the Temporal CLI into bin/ (the CLI takes 4 minutes the first time)

.PHONY: programs
programs: ## Build bin/safepoint, bin/safepoint-worker and bin/safepoint-fake
	$(GOBUILD) -o bin/safepoint-worker ./worker
	$(GOBUILD) -o bin/safepoint-fake ./internal/vpsfake/cmd/safepoint-fake
	$(GOBUILD) -o bin/safepoint ./starter

# A temporal on PATH is good enough: the tests use nothing that a recent one lacks. Otherwise the pinned version is built
# from the Go module proxy, checked by the go.sum beside it.
bin/temporal: internal/tools/temporal/go.mod internal/tools/temporal/go.sum
	@mkdir -p bin
	@if found=$$(PATH=$${PATH//"$(CURDIR)/bin:"/} command -v temporal); then \
		echo "using $$found"; ln -sf "$$found" $@; \
	else \
		echo "building the Temporal CLI: about 4 minutes on two cores, once"; \
		cd internal/tools/temporal && $(GO) build -trimpath -ldflags '-s -w' -o "$(CURDIR)/$@" github.com/temporalio/cli/cmd/temporal; \
	fi

bin/staticcheck: internal/tools/lint/go.mod internal/tools/lint/go.sum
	cd internal/tools/lint && $(GO) build -o "$(CURDIR)/$@" honnef.co/go/tools/cmd/staticcheck

bin/workflowcheck: internal/tools/lint/go.mod internal/tools/lint/go.sum
	cd internal/tools/lint && $(GO) build -o "$(CURDIR)/$@" go.temporal.io/sdk/contrib/tools/workflowcheck

.PHONY: image
image: ## Build the container images safepoint-worker and safepoint-fake
	docker build -f worker/deploy/Dockerfile --target worker --build-arg VERSION=$(VERSION) $(if $(GOPROXY),--build-arg GOPROXY=$(GOPROXY)) -t safepoint-worker:$(VERSION) .
	docker build -f worker/deploy/Dockerfile --target fake --build-arg VERSION=$(VERSION) $(if $(GOPROXY),--build-arg GOPROXY=$(GOPROXY)) -t safepoint-fake:$(VERSION) .


.PHONY: demo
demo: build ## Show a change that is rolled back, on this machine, without an account
	bin/safepoint demo

.PHONY: dev
dev: build ## Run Temporal, its UI, a stand-in for the API and a worker until Ctrl-C
	bin/safepoint dev

.PHONY: up
up: ## Run Temporal and the worker in containers (put the token into .env first)
	$(or $(COMPOSE),docker compose) up -d --build

.PHONY: down
down: ## Stop the containers; histories are kept
	$(or $(COMPOSE),docker compose) down


.PHONY: test
test: build ## Run every test, end to end included, with the race detector where there is a C compiler
	$(if $(RACE),,@echo "no C compiler: running without the race detector")
	$(GO) test $(RACE) -timeout 15m $$($(GO) list ./... | grep -v '/internal/e2e$$')
	$(GO) test $(RACE) -timeout 40m -count=1 ./internal/e2e # the test cache does not know the programs that these build

.PHONY: e2e
e2e: build ## Run only the end-to-end tests: real programs and a Temporal dev server
	$(GO) test -count=1 -timeout 40m ./internal/e2e/...

.PHONY: fleet-10000
fleet-10000: build ## Run a fleet of 10,000 servers and measure its histories (3 minutes)
	SAFEPOINT_FLEET_SIZE=10000 $(GO) test -count=1 -timeout 30m -v -run '^TestAFleetOfThousands' ./internal/e2e

KILLS ?= 100
RESTARTS ?= 5
.PHONY: crashes
crashes: build ## Kill workers KILLS (100) times and Temporal RESTARTS (5) times over a mix of runs (9 minutes); SEED repeats a plan
	SAFEPOINT_CRASH_KILLS=$(KILLS) SAFEPOINT_CRASH_SERVER_RESTARTS=$(RESTARTS) SAFEPOINT_CRASH_SEED=$(SEED) \
		$(GO) test -count=1 -timeout 2h -v -run '^TestCrashesAtRandomMoments$$' ./internal/e2e

.PHONY: histories
histories: build ## Record the replay fixtures that are missing (one that is there is never overwritten)
	mkdir -p workflows/testdata/histories
	SAFEPOINT_RECORD_HISTORIES=$(CURDIR)/workflows/testdata/histories $(GO) test -count=1 -timeout 30m -run '^(TestCost|TestHistories|TestAFleetThatIsReset|TestARunOfSomebodyElse|TestAFleetOfThousands|TestUpgradeDrill)' ./internal/e2e

.PHONY: screenshots
screenshots: build ## Take the pictures in starter/docs of the Temporal UI again (2 minutes; needs Chromium)
	$(GO) run ./internal/screenshots

.PHONY: lint
lint: fmt-check vet staticcheck workflowcheck compose-check ## Check format, code and compose file

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $(SOURCES)

.PHONY: fmt-check
fmt-check:
	@unformatted=$$(gofmt -l $(SOURCES)); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run make fmt):"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet:
	$(GO) vet ./...

.PHONY: staticcheck
staticcheck: bin/staticcheck
	bin/staticcheck ./...

# Workflow code must be deterministic: no clock, no random number, no map range that reaches a decision.
.PHONY: workflowcheck
workflowcheck: bin/workflowcheck internal/tools/lint/workflowcheck.yaml
	bin/workflowcheck -config internal/tools/lint/workflowcheck.yaml -test=false ./workflows/...

.PHONY: compose-check
compose-check:
	@if [ -n "$(COMPOSE)" ]; then $(COMPOSE) --profile demo config -q && echo "docker-compose.yml is valid"; \
	else echo "no compose tool here: docker-compose.yml is not checked"; fi

SEEDS ?= 3000
.PHONY: sim
sim: ## Simulate SEEDS (3000) worlds of faults and crashes and check every law in each, 100,000 in about 6 minutes; FROM is the first seed
	SAFEPOINT_SIM_SEEDS=$(SEEDS) SAFEPOINT_SIM_FROM=$(FROM) $(GO) test -count=1 -timeout 0 -v -run '^(TestNoOrderOfFaultsAndCrashesBreaksALaw|TestASeedMakesTheSameWorldEachTime)$$' ./internal/sim

.PHONY: sim-nightly
sim-nightly: ## Simulate 300,000 worlds, others each day (20 minutes)
	$(MAKE) sim SEEDS=300000 FROM=$$(( $$(date +%s) / 86400 * 1000000 ))

.PHONY: ci
ci: lint test sim ## Everything a change must pass: format, vet, linters, every test

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (30s)
	@for package in $$($(GO) list ./...); do \
		names=$$($(GO) test -list '^Fuzz' $$package); \
		for name in $$(grep '^Fuzz' <<< "$$names" || true); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$package; \
		done; \
	done

.PHONY: bench
bench: build ## Run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: mutants
mutants: ## Break one guard at a time and demand that a test notices (15 minutes); writes the table of results
	$(GO) run ./internal/mutants -o internal/mutants/README.md

.PHONY: clean
clean: ## Delete what was built
	rm -rf bin .dev
