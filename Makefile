# Everything that CI calls is a target here; `make help` lists them.

BINARY  := bin/kubectl-netpol_doctor
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
PLUGIN  := github.com/netpol-doctor/netpol-doctor/plugin
LDFLAGS := -s -w -X $(PLUGIN).version=$(VERSION) \
           -X $(PLUGIN).commit=$(shell git rev-parse HEAD 2>/dev/null) \
           -X $(PLUGIN).committed=$(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
KUBE    := $(CURDIR)/.cache/kube/kube
NODE    := $(CURDIR)/.cache/node
KREW    := $(CURDIR)/.cache/krew
TOOL    := go tool -modfile=tools/go.mod

# Programs for tests, which are other people's but for the main package.
GOBUILD   := CGO_ENABLED=0 go build -buildvcs=false -trimpath
KUBEFLAGS := -s -w -X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
AGNHOST   := k8s.io/kubernetes/test/images/agnhost

CILIUM       := github.com/cilium/cilium
CILIUMMODULE := $$(go list -m -f '{{.Dir}}' $(CILIUM))
CILIUMFLAGS  := -s -w -X $(CILIUM)/pkg/version.ciliumVersion=$$(cat $(CILIUMMODULE)/VERSION)

# Debian packages that the cluster of make e2e is made of: its container runtime and network, the
# tools in its agnhost image, and the compiler that Cilium uses when it runs. With nftables, the tests
# of probes between two network namespaces run, too.
E2E_PACKAGES := containerd runc containernetworking-plugins iptables iproute2 procps nftables \
                busybox-static bind9-dnsutils curl netcat-openbsd \
                clang-19 llvm-19

# Debian packages that make completion uses: shells, and formatters of manual pages.
COMPLETION_PACKAGES := bash-completion zsh fish mandoc groff

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 20

.PHONY: build
build: ## build the plugin into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/kubectl-netpol_doctor

.PHONY: demo
demo: build ## diagnose the broken shop, without a cluster
	./examples/shop/demo.sh $(BINARY)

.PHONY: kube
kube: ## build etcd and the Kubernetes control plane that tests run against (minutes once, then cached)
	cd test/kube && $(GOBUILD) -ldflags "$(KUBEFLAGS)" -o $(KUBE) .

.PHONY: node
node: kube ## build what the cluster of make e2e is made of, too (minutes once, then cached)
	mkdir -p $(NODE)
	cd test/kube && $(GOBUILD) -ldflags "$(KUBEFLAGS)" -o $(NODE)/ ./node
	cd test/kube && $(GOBUILD) -ldflags "-s -w -X main.Version=$$(cat $$(go list -f '{{.Dir}}' $(AGNHOST))/VERSION)" -o $(NODE)/ $(AGNHOST)
	cd test/node && $(GOBUILD) -ldflags '-s -w' -o $(NODE)/ ./coredns ./pause

.PHONY: cilium
cilium: ## build Cilium, which enforces policies in the cluster of make e2e (minutes once, then cached)
	cd test/node/cilium && go mod download $(CILIUM)
	cd test/node/cilium && $(GOBUILD) -ldflags "$(CILIUMFLAGS)" -o $(NODE)/cilium-agent $(CILIUM)/daemon
	cd test/node/cilium && $(GOBUILD) -ldflags "$(CILIUMFLAGS)" -o $(NODE)/cilium-cni $(CILIUM)/plugins/cilium-cni
	rm -rf $(NODE)/cilium && mkdir -p $(NODE)/cilium
	cd test/node/cilium && cp -r $(CILIUMMODULE)/bpf $(CILIUMMODULE)/pkg/k8s/apis/cilium.io/client/crds $(NODE)/cilium/
	chmod -R u+w $(NODE)/cilium

.PHONY: test
test: kube pipeline-packages ## run every test that needs no root, against a real API server
	NETPOL_DOCTOR_KUBE=$(KUBE) go test -race ./...

.PHONY: unit
unit: ## run the tests that need no API server
	go test -race ./...

.PHONY: e2e
e2e: e2e-packages node cilium ## run the tests that need a real node (root on Linux)
	rm -rf $(NODE)/logs && mkdir -p $(NODE)/logs
	cd test/node && NETPOL_DOCTOR_KUBE=$(KUBE) NETPOL_DOCTOR_NODE=$(NODE) \
	  go test -count=1 $(E2E_FLAGS) -timeout 30m -artifacts -outputdir $(NODE)/logs ./...

.PHONY: agreement
agreement: e2e-packages node cilium ## measure docs/agreement.md anew, as e2e does (root on Linux)
	cd test/node && NETPOL_DOCTOR_KUBE=$(KUBE) NETPOL_DOCTOR_NODE=$(NODE) \
	  go test -count=1 -timeout 30m -run '^TestAgreement$$' -v -update .

.PHONY: e2e-packages
e2e-packages:
	@test "$$(id -u)" = 0 || { echo "make e2e makes namespaces, mounts and control groups: run it as root"; exit 1; }
	dpkg --status $(E2E_PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(E2E_PACKAGES); }

.PHONY: pipeline-packages
pipeline-packages: ## install what the tests of pipelines call (as root on Debian)
	@(for p in shellcheck jq curl git pre-commit; do command -v $$p >/dev/null || exit 1; done) || test "$$(id -u)" != 0 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends shellcheck jq curl git pre-commit; }

.PHONY: browser
browser: ## use the page of a map in a real browser (installs chromium from Debian, as root)
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; }
	@command -v chromium >/dev/null || printf '\n!!!! SKIPPED: the tests of pages in a browser. They need chromium. !!!!\n\n'
	cd test/browser && go test -count=1 ./...

.PHONY: pictures
pictures: ## rewrite the pictures of the README (installs pngquant from Debian, as root)
	command -v pngquant >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends pngquant; }
	cd test/browser && go test -count=1 -run '^TestPictures$$' . -images $(CURDIR)/docs/images
	pngquant --force --strip --ext .png 128 docs/images/*.png

.PHONY: dagre
dagre: ## fetch the library that lays the page of a map out again, with npm, and verify it
	./report/page/dagre/fetch.sh

.PHONY: dist
dist: ## build what a release is made of into dist/; nothing is published, signed, or listed by syft
	@# A clone may come from anywhere; goreleaser asks for the address before it looks at the commit.
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=https://github.com/netpol-doctor/netpol-doctor \
	  go tool -modfile=tools/release/go.mod goreleaser release --snapshot --clean --skip=sbom,sign
	go run ./test/manifest dist > dist/netpol-doctor.yaml

.PHONY: krew-test
krew-test: dist ## install what make dist built with the real krew and kubectl, as docs/install.md says
	cd test/krew && $(GOBUILD) -ldflags '-s -w' -o $(KREW)/ \
	  sigs.k8s.io/krew/cmd/krew sigs.k8s.io/krew/cmd/validate-krew-manifest ./kubectl
	cd test/krew && NETPOL_DOCTOR_DIST=$(CURDIR)/dist NETPOL_DOCTOR_KREW=$(KREW) go test -count=1 ./...

.PHONY: lint
lint: ## check formatting, vet, static analysis
	@unformatted=$$($(TOOL) gofumpt -l .); test -z "$$unformatted" || { echo "not formatted (run make format):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	go mod tidy -diff
	go mod verify

# Of the nested modules nothing is looked up: their programs are other people's, as they released them, and
# only tests run them.
VULNDB ?= https://vuln.go.dev
.PHONY: vuln
vuln: ## look up known vulnerabilities that the program could reach, in VULNDB
	@go build -modfile=tools/go.mod -o .cache/govulncheck golang.org/x/vuln/cmd/govulncheck # go tool makes every exit code 1
	@.cache/govulncheck -db $(VULNDB) ./... ; code=$$?; \
	  case $$code in \
	    0) ;; \
	    3) echo "vuln: something that the program calls is vulnerable, see above: update that module" ;; \
	    *) echo "vuln: NOTHING WAS CHECKED. The vulnerability database could not be read, or the code could not be loaded, see above; VULNDB=URL names a copy of the database" ;; \
	  esac; exit $$code

.PHONY: format
format: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: golden
golden: ## rewrite the expected outputs of the command line tests
	go test ./test/cli -update

.PHONY: generate
generate: ## rewrite what is made from the code: command line, findings, probes, trials, causes, maps of the shop
	go run ./test/reference > docs/cli.md.new && mv docs/cli.md.new docs/cli.md
	go run ./test/findings > docs/findings.md
	go run ./test/probing > docs/probing.md
	go run ./test/probing enforcement > docs/enforcement.md
	go test ./test/catalogue -run '^TestCauses$$' -update
	go run ./cmd/kubectl-netpol_doctor map -f examples/shop/base -o html > docs/map.html
	go run ./cmd/kubectl-netpol_doctor map -f examples/shop/base -o markdown > docs/shop-map.md

.PHONY: man
man: ## write manual pages into man/
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} go run ./test/reference man man

.PHONY: completion
completion: ## test completion in bash, zsh and fish (installs them from Debian, as root)
	@test "$$(id -u)" != 0 || dpkg --status $(COMPLETION_PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(COMPLETION_PACKAGES); }
	go test -count=1 ./test/completion ./test/reference

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME
	./test/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: build ## measure whole runs on generated clusters
	go run ./test/bench $(BINARY)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin .cache dist man
