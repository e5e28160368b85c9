# Everything that CI calls is a target here; `make help` lists them.

BINARY  := bin/kubectl-netpol_doctor
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/netpol-doctor/netpol-doctor/plugin.version=$(VERSION)
KUBE    := $(CURDIR)/.cache/kube/kube
TOOL    := go tool -modfile=tools/go.mod

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
	cd test/kube && CGO_ENABLED=0 go build -buildvcs=false -trimpath \
	  -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)" \
	  -o $(KUBE) .

.PHONY: test
test: kube ## run every test that needs no root, against a real API server
	NETPOL_DOCTOR_KUBE=$(KUBE) go test -race ./...

.PHONY: unit
unit: ## run the tests that need no API server
	go test -race ./...

.PHONY: lint
lint: ## check formatting, vet, static analysis
	@unformatted=$$($(TOOL) gofumpt -l .); test -z "$$unformatted" || { echo "not formatted (run make format):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	go mod tidy -diff
	go mod verify

.PHONY: format
format: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: golden
golden: ## rewrite the expected outputs of the command line tests
	go test ./test/cli -update

.PHONY: generate
generate: ## rewrite what is made from the code: the pages of findings, of probes and of causes
	go run ./test/findings > docs/findings.md
	go run ./test/probing > docs/probing.md
	go test ./test/catalogue -run '^TestCauses$$' -update

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME
	./test/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: build ## measure whole runs on generated clusters
	go run ./test/bench $(BINARY)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin .cache dist
