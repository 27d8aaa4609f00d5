# The commands of the project, the same by hand and in CI. `make help` lists them.

SHELL := /bin/bash
GO ?= go
FUZZTIME ?= 10s
BENCH ?= .

linter_version := v2.15.0
linter := $(CURDIR)/.cache/bin/golangci-lint-$(linter_version)
export GOLANGCI_LINT_CACHE := $(CURDIR)/.cache/lint

.PHONY: deb help build run test quick lint vet race bench whole many fuzz knocks services

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build ./postroom
	$(GO) build -trimpath -o postroom ./cmd/postroom

deb: ## build a Debian package into ./dist
	@GO=$(GO) scripts/deb dist

run: ## run the program from source: make run ARGS="deadline 2026-11-23"
	@$(GO) run ./cmd/postroom $(ARGS)

# Everything is run even where something before it failed, so that one run
# tells all; the tests come last, where they are seen.
test: ## the one test command: lint, vet, and all tests with the race detector and real servers
	@scripts/services run $(MAKE) --no-print-directory test-here

.PHONY: test-here
test-here:
	@status=0; \
	$(MAKE) --no-print-directory lint || status=1; \
	$(MAKE) --no-print-directory vet || status=1; \
	$(MAKE) --no-print-directory year || status=1; \
	$(MAKE) --no-print-directory race || status=1; \
	exit $$status

quick: ## all tests that need only Go
	$(GO) test ./...

lint: ## the linter, with the walls of docs/house.md
	@if $(MAKE) --no-print-directory -s $(linter); then \
		echo "golangci-lint run"; $(linter) run --allow-serial-runners ./...; \
	else echo "skip	lint: integration: golangci-lint $(linter_version) cannot be built here"; fi

# Its own build takes some minutes the first time.
$(linter):
	@echo "building golangci-lint $(linter_version) into .cache/bin"
	@GOBIN=$(CURDIR)/.cache/bin GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(linter_version)
	@mv $(CURDIR)/.cache/bin/golangci-lint $@

vet:
	$(GO) vet ./...

# A whole year is too long for the race detector, which lives through its worst
# weeks.
.PHONY: year
year:
	@set -o pipefail; echo "$(GO) test -run '^TestAYear$$' ./notify"; \
	$(GO) test -json -timeout 20m -run '^TestAYear$$' ./notify 2>&1 | $(GO) run ./scripts/readtests

# The race detector needs a C compiler; without one the tests run without it.
# It watches our code, the standard library and the others', but not SQLite's
# (modernc.org), which is C turned into Go: it took four fifths of the time that
# a test of the register took, and the races of C are not to be seen in it.
# `make vet` has vetted already. The time limit is for a machine that is busy
# with other things. Up to three tests that failed, none of them by a data race
# or a panic, run a second time, alone: what passes then is named at the end.
unwatched := modernc.org/...
race:
	@race='-race -gcflags=$(unwatched)=-race=false'; \
	[ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v $$($(GO) env CC) >/dev/null || \
		{ race=; echo "skip	race: integration: no C compiler, so no race detector"; }; \
	[ ! -x $(linter) ] || export POSTROOM_TEST_LINTER=$(linter); \
	built=$${GOTMPDIR:-$${TMPDIR:-/tmp}}; folder=$$(scripts/testfolder) && trap 'rm -rf "$$folder"' EXIT || exit 1; \
	set -o pipefail; echo "$(GO) test $$race -vet=off -shuffle=on ./..."; \
	export GOTMPDIR=$$built TMPDIR=$$folder; \
	$(GO) test -json $$race -vet=off -shuffle=on -timeout 40m ./... 2>&1 | $(GO) run ./scripts/readtests "$$folder/again" || \
		GO="$(GO)" scripts/again "$$folder/again" $$race

bench: ## benchmarks, against the real servers where they can be had: make bench BENCH=Receive
	scripts/services run $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

whole: ## the whole way of a message, measured; make whole POSTROOM_BENCH=mails=100000,small (docs/measurements.md)
	scripts/services run $(GO) test -run '^$$' -bench TheWholeWay -benchtime 1x -timeout 0 ./cmd/postroom

# The pages that officers open all day, in a register that has held post for
# six years. It takes 14 GB of disk, and more than an hour on a busy machine.
HELD ?= 1000000
many: ## pages and searches among a million cases, measured: make many HELD=100000
	POSTROOM_TEST_HELD=$(HELD) scripts/services run $(GO) test -run '^$$' -bench PagesAmongMany -benchtime 200x -timeout 0 ./internal/web

# make fuzz FUZZTIME=1h AT_ONCE=2 runs unattended. What was found interesting is
# kept in CORPORA, and the next run goes on from there.
AT_ONCE ?= 1
CORPORA ?= .cache/fuzz
fuzz: ## every fuzz target for FUZZTIME each (10s), AT_ONCE of them (1)
	@GO="$(GO)" AT_ONCE=$(AT_ONCE) scripts/fuzz $(FUZZTIME) $(CORPORA)

# Kills postroom serve at random, KILLS times on each register, and looks after
# every fifty that each message is one case with one reply; then the other
# knocks at their full size. It takes hours.
KILLS ?= 1000
knocks: ## the long runs of what goes wrong: make knocks KILLS=1000
	POSTROOM_TEST_KNOCKS=$(KILLS) scripts/services run $(GO) test -v -run 'TestKilledUnderLoad|TestThePowerFails|TestEveryLineBreaks|TestABurst' -timeout 24h ./cmd/postroom

services: ## start the test servers and print the variables, to develop against; ctrl-C stops them
	@scripts/services
