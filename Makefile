# make          build bin/podctl
# make demo     install what is needed, build, run a pod from creation to removal
# make check    everything CI runs: setup, build, lint, model, unit tests, speed, system tests, those in a virtual machine
# make bench    measure against Debian's podman; ROWS= picks rows, RUNS= the number of runs
# make install  PREFIX=/usr/local DESTDIR=
#
# setup and system need root; nothing else does.

PREFIX ?= /usr/local
DESTDIR ?=
GO ?= go
# What make says of itself would come after the last line of the tests.
MAKEFLAGS += --no-print-directory
TAGS := containers_image_openpgp exclude_graphdriver_btrfs seccomp systemd

# The commit and its time, not the clock: one commit builds one file. A tree
# without git (a release tarball) builds too, unstamped.
COMMIT ?= $(shell git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null)
BUILT ?= $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null))
VERSION_PKG := github.com/podctl/podctl/pkg/version
# The last flag keeps address and place in the file from agreeing in their lowest 21
# bits: the kernel then maps what is used of the program, and not all of the 2 MB
# around it that it may have in one piece. 7 MB less in memory for 0.3 ms.
LDFLAGS := -s -w -X $(VERSION_PKG).commit=$(COMMIT) -X $(VERSION_PKG).built=$(BUILT) \
	$(if $(VERSION),-X $(VERSION_PKG).version=$(VERSION)) \
	-extldflags=-Wl,-Ttext-segment=0x410000
# go's own stamping refuses a clone that another user owns; ours above does not.
GOBUILD := $(GO) build -trimpath -buildvcs=false -tags "$(TAGS)"

# A linter of another version finds other things, so it is pinned, and kept
# outside the tree because it is slow to compile and the same for every clone.
GOLANGCI_VERSION := v2.13.2
GOLANGCI_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/podctl/tools/golangci-lint-$(GOLANGCI_VERSION)
GOLANGCI := $(GOLANGCI_DIR)/golangci-lint

SHELL_SCRIPTS = $(wildcard .ci/run hack/testvm hack/*.sh hack/*.bash test/system/*.sh test/system/*.bash test/system/*.bats test/system/parts/part)

.PHONY: all
all: bin/podctl

# Go knows better than make what is up to date. The program is built twice, the
# whole one into the other: see cmd/podctl/part.go.
.PHONY: bin/podctl
bin/podctl:
	$(GOBUILD) -ldflags '$(LDFLAGS)' -o cmd/podctl/whole ./cmd/podctl
	$(GOBUILD) -tags "$(TAGS) podctl_core" -ldflags '$(LDFLAGS)' -o $@ ./cmd/podctl

# Looks at the host for the system tests.
.PHONY: bin/leftovers
bin/leftovers:
	$(GOBUILD) -o $@ ./test/system/leftovers

# Measures podctl; see hack/bench.sh.
.PHONY: bin/bench
bin/bench:
	$(GOBUILD) -o $@ ./hack/bench

.PHONY: install
install: bin/podctl
	install -D -m 0755 bin/podctl $(DESTDIR)$(PREFIX)/bin/podctl

# Install what building and testing needs from Debian.
.PHONY: setup
setup:
	hack/setup.sh

.PHONY: lint
lint: $(GOLANGCI) bin/podctl
	$(GOLANGCI) run --build-tags "$(TAGS)"
	$(GOLANGCI) run --build-tags "$(TAGS) podctl_core" ./cmd/podctl
	# SC2016: what stands in single quotes is for the shell in the container.
	shellcheck -x -e SC2016 $(SHELL_SCRIPTS)

$(GOLANGCI):
	GOBIN=$(GOLANGCI_DIR) CGO_ENABLED=0 $(GO) install -ldflags '-s -w' \
		github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# Unit tests: no root, no host programs. The coverage line counts pkg/ only.
.PHONY: test
test:
	$(GO) test -race -tags "$(TAGS)" -timeout 10m -covermode atomic -coverprofile coverage.out ./...
	@sed -n '1p;/\/pkg\//p' coverage.out >coverage.pkg.out
	@$(GO) tool cover -func coverage.pkg.out | awk '/^total:/ { print "coverage of pkg/: " $$NF }'

# System tests: the real binary, real containers. TESTS= picks files, FILTER=
# picks tests by name; see docs/testing.md.
.PHONY: system
system: bin/podctl bin/leftovers
	hack/system-test.sh $(TESTS)

# The model of removal and locking, in every order of steps. See docs/model.
.PHONY: model
model:
	hack/model.sh

# The same as an ordinary user, those of them that differ there.
.PHONY: system-user
system-user: bin/podctl bin/leftovers
	hack/system-test.sh --user $(TESTS)

# A gross loss of speed: podctl may not need more CPU time than podman for work
# of which it needs a third. CPU time, so that a busy host changes nothing.
.PHONY: faster
faster: bin/podctl bin/bench
	@hack/bench.sh -check -runs 5 -rows '^(pod-create|ps-1|ps-10)$$' || \
		{ code=$$?; [ $$code = 3 ] || exit $$code; echo "faster: skipped, there is no podman to compare with"; }

# All system tests on the kinds of host that a virtual machine can be: with
# systemd as root and as a user, and without. Takes an hour or more.
.PHONY: check-vm
check-vm: bin/podctl bin/leftovers
	TESTS="$(TESTS)" hack/check-vm.sh

# What needs systemd or cgroups version 2, as root and as a user, in five to
# seven minutes.
.PHONY: system-vm
system-vm: bin/podctl bin/leftovers
	TESTS="$(TESTS)" hack/check-vm.sh --quick

# In this order even under make -j: each step is cheaper than the next.
.PHONY: check
check:
	$(MAKE) setup
	$(MAKE) all
	$(MAKE) lint
	$(MAKE) model
	$(MAKE) test
	$(MAKE) faster
	$(MAKE) system AGAIN=1
	$(MAKE) system-user AGAIN=1
	$(MAKE) system-vm AGAIN=1

# Without ROWS the tables and plots of docs/performance.md are written anew.
.PHONY: bench
bench: setup bin/podctl bin/bench
	hack/bench.sh -runs $(or $(RUNS),7) $(if $(ROWS),-rows '$(ROWS)',-doc docs/performance.md)

.PHONY: demo
demo: setup bin/podctl
	hack/demo.sh

.PHONY: clean
clean:
	rm -rf bin cmd/podctl/whole coverage.out coverage.pkg.out
