# Latchkey. `make help` lists the targets. run and build need only Go; `make setup` installs
# what the tests need.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
BIN     ?= bin/latchkey
SHOTS   ?= e2e/screenshots
RUN     ?= .
BENCH   ?= .
COUNT   ?= 10

# Where .ci/setup puts what the tests use; nginx lives in /usr/sbin.
export LATCHKEY_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/latchkey
export PATH := $(LATCHKEY_CACHE)/bin:$(PATH):/usr/sbin

.DEFAULT_GOAL := help
.PHONY: help run build generate check setup test test-unit test-race test-plain test-e2e test-firefox bench screenshots soak race bench-nodes

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the demo at http://127.0.0.1:8080 (needs only Go)
	$(GO) run ./cmd/latchkey demo --addr 127.0.0.1:8080

build: ## build the static binary bin/latchkey
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o $(BIN) ./cmd/latchkey

generate: ## regenerate the *_templ.go files from the .templ files
	$(GO) tool templ generate -path views

check: ## run gofmt, go vet and staticcheck, and find stale generated files
	@.ci/check

setup: ## install what the tests need and the machine lacks
	@.ci/setup

test: setup test-unit test-e2e ## run every test: race detector first, then the browser journeys

# SQLite is Go code here and ten times slower under the race detector, so the suites that
# mostly query it run without it, and so do the tables that try every route and kind of token
# in turn, and the tests of commands, which mostly wait for processes. The hammer test of
# verification runs short with it and in full without it. Of the load measurements, only the
# short form of `make soak` is a test.
# Tests of handlers and of some services mostly do one thing after another, so of those packages only the
# tests that do several things at the same time run with it (a test of cmd/latchkey compares), and pure packages
# have nothing to race.
# `make race` runs everything with the race detector.
# What SQLite does with pointers is not checked under it either, which took half of the time: its
# code is C that was translated, all of it unsafe.
RACE   := -race -gcflags='modernc.org/...=-d=checkptr=0'
PLAIN  := latchkey/internal/store latchkey/cmd/latchkey latchkey/internal/migration latchkey/internal/demo
PURE   := latchkey/internal/access latchkey/internal/plaintext latchkey/internal/legacy latchkey/internal/audit/search
TABLES := ^Test(Routes_(Every|ACompressedBody|NoGet)|Pages_CostWhatTheyShow|WorkspaceRoutes_AnswerEvery|Verify_AnswersAsFreshly|Property_TheAnswer|Forms_TenMegabytes|Export_NeedsNoMore)
TURNS  := latchkey/web latchkey/web/scim latchkey/internal/signin latchkey/internal/account latchkey/internal/token latchkey/internal/audit latchkey/internal/identity
ATONCE := AtOnce|Parallel|WhileTheBodyComes|Flood|AReaderMisses|Forgot_|Migration_(AnotherNode|WhatTakesLong)|Reveal_ShowsTheSecret|Argon2_|Lookup_W|Throttle_EachBlock

# Tests keep their databases in memory where Linux has room for them and lets programs run there: those of
# the store took a third less time. What the go command itself writes stays on the disk.
MEMORY := $(shell f=$$(mktemp -p /dev/shm 2>/dev/null) && cp /bin/true $$f && chmod +x $$f && $$f && \
	[ "$$(df --output=avail -k /dev/shm | tail -n 1)" -gt 6000000 ] && echo /dev/shm; rm -f "$$f")
test-unit test-e2e: export GOTMPDIR := $(or $(GOTMPDIR),$(TMPDIR),/tmp)
test-unit test-e2e: export TMPDIR := $(or $(MEMORY),$(TMPDIR),/tmp)

test-unit: ## run all tests except the browser journeys, many with the race detector
	$(MAKE) --no-print-directory --output-sync=line -j2 test-race test-plain

# The two run at the same time, because each waits for disks and processes for half of its time.
test-race:
	export CGO_ENABLED=1 && packages=$$($(GO) list ./... | grep -vE '/e2e(/|$$)' | grep -vxF "$$(printf '%s\n' $(PLAIN) $(PURE) $(TURNS))") && $(GO) test $(RACE) -short -timeout 20m -skip '$(TABLES)' $$packages
	CGO_ENABLED=1 $(GO) test $(RACE) -short -timeout 20m -run '$(ATONCE)' $(TURNS)

test-plain:
	$(GO) test -timeout 20m $(PLAIN) $(PURE) latchkey/internal/verify
	$(GO) test -short -timeout 20m -skip '$(ATONCE)' $(TURNS)
	$(GO) test -timeout 20m -run '$(TABLES)' latchkey/web/api
	$(GO) test -timeout 5m -run '^(TestKill|TestTruth)' latchkey/e2e/load

test-e2e: ## run the browser journeys against the real binary (RUN=regexp picks some)
	$(GO) test -count=1 -timeout 25m -run '$(RUN)' ./e2e

# Firefox from the distribution, by WebDriver BiDi, which the driver has as an experiment: it cannot
# switch scripts off, nor say which element has the focus. One window at a time: only one has the focus.
FIREFOX := ^Test(PersonalToken_(IsGenerated|OfSomebody|OnAPhone|WholeJourneyWithTheKeyboard|EveryError)|ServiceToken_Organization|PolicyEditor_(Looks|Applies))

test-firefox: ## run eight browser journeys in the distribution's Firefox (not part of make test)
	@.ci/setup firefox
	$(GO) test -count=1 -timeout 15m -parallel 1 -run '$(FIREFOX)' ./e2e -firefox

bench: ## run the Go benchmarks (BENCH=regexp picks some)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./...

bench-nodes: setup ## print rates and revocation times of one and two nodes on both engines
	$(GO) test -count=1 -timeout 8m -run '^TestBenchNodes$$' -v ./e2e -bench-nodes

screenshots: setup ## run the browser journeys and save screenshots in e2e/screenshots
	@mkdir -p '$(SHOTS)'
	LATCHKEY_SCREENSHOTS='$(abspath $(SHOTS))' $(GO) test -count=1 -timeout 25m -run '$(RUN)' ./e2e

race: ## run the race-detected tests COUNT times (10) in shuffled order
	export CGO_ENABLED=1 && packages=$$($(GO) list ./... | grep -vE '/e2e(/|$$)') && $(GO) test $(RACE) -count=$(COUNT) -shuffle=on -timeout 60m $$packages

soak: setup ## kill, ask, restart and starve real servers for half an hour, and print the figures
	$(GO) test -count=1 -timeout 60m -v -run '^(TestKill|TestTruth)' ./e2e/load -full
	$(GO) test -count=1 -timeout 15m -v -run 'ARollingRestart' ./e2e -full
	$(GO) test -count=1 -timeout 10m -v -run 'FullDisk|CutShort' ./cmd/latchkey
	$(GO) test -count=1 -timeout 10m -v -run 'Upgrade_OfTheLastRelease' ./internal/store -tokens 100000
	$(GO) test -count=1 -timeout 10m -v -run 'Clock|TestPrune' ./internal/app ./internal/audit ./internal/store

# Measures verification against a bare server, in one run.
.PHONY: bench-verify
bench-verify: setup ## print the rate of verification relative to a bare server (takes minutes)
	$(GO) test -count=1 -timeout 70m -v -run '^TestVerify' ./e2e/load -full

.PHONY: bench-peers
bench-peers: ## print the rate of verification relative to other programs, built through the module proxy
	$(GO) test -count=1 -timeout 30m -v -run '^TestPeers' ./e2e/load -peers

.PHONY: lighthouse
lighthouse: setup ## print Lighthouse's scores of six pages of the demonstration (fails below 100)
	@.ci/lighthouse
