# What people type. Everything here calls CMake's presets or one script of tools/.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
TESTS ?= .

.PHONY: help run build test lint asan tsan valgrind soak mutations test-deploy deb install uninstall clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

run: build ## a private Redis, a worker, a hundred equations: see it work
	@tools/run-demo build/release

build: ## the release build, in build/release
	@tools/setup core
	@tools/build release

test: ## the debug build and every test; TESTS=REGEX selects
	@tools/setup core test
	@tools/build debug
	@tools/ctest debug -R '$(TESTS)'

lint: ## format, layers, lengths, clang-tidy, cppcheck, shellcheck, luac
	@tools/setup core test lint
	@tools/build debug
	@tools/lint

asan: ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup core test
	@tools/build asan
	@tools/ctest asan -R '$(TESTS)'

tsan: ## the unit tests and the worker's tests under ThreadSanitizer
	@tools/setup core test
	@tools/build tsan
	@tools/ctest tsan -R '$(TESTS)' -L 'unit|integration'

valgrind: ## leaks of a worker that ran 1,000 jobs
	@tools/setup core test
	@tools/build debug
	@tools/ctest debug -C Long -L valgrind

soak: ## the long tests: faults for half an hour, fuzzers, a minute of threads a task, and more
	@tools/setup core test
	@tools/build debug
	@tools/ctest debug -C Long -L soak -E same_threads
	@tools/build tsan
	@tools/ctest tsan -C Long -R soak.same_threads

mutations: ## each line that keeps a promise is taken out: its test must fail; TESTS=WORDS selects
	@tools/setup core test
	@tests/mutations/run $(filter-out .,$(TESTS))

test-deploy: ## images, docker-compose and Debian packages, with a Docker engine of its own (root); TESTS=WORDS selects
	@tools/setup core test deploy
	@tests/compose/run $(filter-out .,$(TESTS))

deb: ## Debian packages for this release, in build/packages
	@tools/setup core deb
	@tools/deb

install: build ## into PREFIX (default /usr/local); DESTDIR is obeyed
	@cmake --install build/release --prefix '$(PREFIX)'

uninstall: ## removes what the last make install wrote
	@tools/uninstall build/release

clean: ## removes build/
	@rm -rf build
