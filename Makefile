# `make help` lists what can be made.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATE ?= state.yaml
# Packages whose tests need a real engine. No earlier result of theirs counts:
# Go's cache can't see what an engine is.
REAL := ./engine/docker/... ./internal/e2e/...
# Tests that take seconds each, which `make quick` leaves out: they kill a process
# at each step, make thousands of requests or files, or wait for what is real.
SLOW := TestKilledAtAnyFileStepTheFileIsOldOrNew TestNoFailureOfTheDiskIsLost TestNobodyElseCanReadAnEditThatIsBeingWritten \
	TestNoEditorsSaveIsEverLost TestWhateverIsWrongIsToldInFewWords TestHistoryHasABoundInBytes \
	TestAWrongLoginIsToldInThePage TestBesideAThousandUselessConnectionsOneIsAnswered \
	TestWhoeverPlantsLinksWhereADoorOpensGetsNothing TestHostileRequestsChangeNothing TestASocketThatIsTakenAwayIsMadeAgain \
	TestAnUnreadLogHoldsUpNoEnd TestAnUnreadLogStopsNothing TestWhateverIsBlockedTheProcessEnds TestThePythonOfThePageWorks
# What they find: both engines and both Composes, installed and started.
define real
hack/deps.sh engine
debian=$$(hack/engine up)
current=$$(hack/engine up --current)
v5=$$(hack/compose v5)
v2=$$(hack/compose v2)
echo "test: engines $$debian $$current" >&2
export RECONCILER_TEST_ENGINE=required RECONCILER_TEST_ENGINES="$$debian $$current" RECONCILER_TEST_COMPOSE="v5=$$v5 v2=$$v2"
endef
# promtool and prometheus, where hack/deps.sh unpacks them.
export PATH := $(PATH):$(or $(RECONCILER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/reconciler)/prometheus/usr/bin

.PHONY: help run stack stack-down test test-unit test-engine test-debian quick mutants rounds build image lint check bench crowd memory

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: ## bin/reconciler, static
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o bin/reconciler ./cmd/reconciler

run: build ## find or start an engine, make the example's containers, run reconciler on state.yaml
	DOCKER_HOST=$$(hack/engine up)
	export DOCKER_HOST
	examples/tg2em/up
	echo "run: the page is http://127.0.0.1:8480/ , the panel in a container http://127.0.0.1:5000/ ; end with Ctrl-C, the containers stay" >&2
	exec bin/reconciler run --state $(STATE) --listen 127.0.0.1:8480 --listen unix:.run/socket/reconciler.sock

stack: image ## the example's panel, reconciler and Prometheus as three containers; TOKEN=--token for the panel by token
	DOCKER_HOST=$$(hack/engine up)
	export DOCKER_HOST
	examples/tg2em/stack up $(TOKEN)

stack-down: ## remove what `make stack` made
	DOCKER_HOST=$$(hack/engine up)
	export DOCKER_HOST
	examples/tg2em/stack down

test: test-unit test-engine ## all tests: without an engine, then on Debian's and on the current one

quick: ## the tests that need no engine, without the race detector and the slowest, for while you write
	go test -p 4 -skip "^($$(echo $(SLOW) | tr ' ' '|'))$$" $$(go list ./... | grep -v -e /engine/docker -e /internal/e2e)

mutants: ## 100 small mistakes, one at a time: which do the tests not notice? SAMPLE=0 makes all, for hours
	nice -n 15 go run ./hack/mutants -sample $(or $(SAMPLE),100) -workers $(or $(WORKERS),2) $(if $(SEED),-seed $(SEED)) -room '$(ROOM)' -only '$(ONLY)'

test-unit: ## the tests that need no engine, with the race detector
	hack/deps.sh test
	go test -race $$(go list ./... | grep -v -e /engine/docker -e /internal/e2e)

test-engine: ## the tests on real engines, Debian's and the current one, with Compose v5 and v2
	hack/deps.sh test
	$(real)
	go test -race -count=1 -timeout 40m -parallel 4 $(REAL)

test-debian: ## the same on Debian's alone, which starts in seconds
	hack/deps.sh engine
	hack/deps.sh test
	RECONCILER_TEST_ENGINE=required RECONCILER_TEST_ENGINES=$$(hack/engine up) go test -race -count=1 -timeout 40m $(REAL)

rounds: ## the races with Compose, hands and engine restarts, 50 times each: over an hour
	$(real)
	RECONCILER_ROUNDS=$(or $(RECONCILER_ROUNDS),50) go test -count=1 -timeout 4h -parallel 4 -v -run 'TestOthersAreLeftToFinishTheirWork|TestAnEngineThatRestartsDoublesNothing' ./internal/e2e

image: build ## the container image reconciler, without a registry
	DOCKER_HOST=$$(hack/engine up)
	export DOCKER_HOST
	DOCKER_BUILDKIT=0 docker build -t reconciler .

lint: ## staticcheck and golangci-lint (.golangci.yml), pinned in hack/lint
	echo "lint: staticcheck and golangci-lint; the first time both are built, which takes minutes and says nothing" >&2
	go tool -modfile=hack/lint/go.mod staticcheck ./...
	go tool -modfile=hack/lint/go.mod golangci-lint run ./...

check: lint ## format, vet, linters, modules; the documents are checked by the tests
	echo "check: format, vet, modules, scripts" >&2
	unformatted=$$(gofmt -l .)
	if [ -n "$$unformatted" ]; then echo "not gofmt'ed: $$unformatted"; exit 1; fi
	go vet ./...
	go mod tidy -diff
	for module in hack/lint hack/compose.d/v5 hack/compose.d/v2; do go -C $$module mod tidy -diff; done
	hack/deps.sh check
	shellcheck hack/engine hack/compose hack/deps.sh examples/tg2em/up examples/tg2em/stack .ci/run

bench: build ## speed and cost against raw calls, as ratios of one run
	hack/deps.sh engine
	DOCKER_HOST=$$(hack/engine up)
	export DOCKER_HOST
	go run ./bench

memory: build ## the memory of each route beside 64 clients, in a cgroup of 128 MiB; needs root and no engine
	go run ./bench/memory

crowd: build ## how long a request waits beside 1,000 useless connections, at each kind of door; needs no engine
	go run ./bench/crowd
