# Spells the common commands. CMake builds (CMakePresets.json), tools/ does the rest.
.DEFAULT_GOAL := build
.PHONY: help deps build run install uninstall test check bench zoo test-all clean build-asan

# ARGS goes to the program: make run ARGS="--port 9000 path/to/model.onnx"
ARGS ?=
# Where make install puts things: below PREFIX, or what will be PREFIX in a package made of DESTDIR.
PREFIX ?= /usr/local
DESTDIR ?=

help:
	@sed -n 's/^#: //p' Makefile

#: make deps       install what building needs (apt, and .deps/ of this clone)
deps:
	@tools/deps

#: make build      build/serval and build/examples/, as shipped
build: deps
	@tools/build release

#: make run        build, then serve the bundled models on http://127.0.0.1:8000 (options in ARGS="...")
run: build
	@exec build/serval serve $(ARGS)

#: make install    build, then put program, headers and libraries below PREFIX=/usr/local (DESTDIR=)
install: build
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"
	@cp build/release/install_manifest.txt build/installed.txt
	@[ -n "$(DESTDIR)" ] || ldconfig 2> /dev/null || true

#: make uninstall  remove what the last make install put there
uninstall:
	@tools/uninstall build/installed.txt "$(DESTDIR)"

build-asan:
	@tools/deps --test
	@tools/build asan

#: make test       unit tests under ASan and UBSan, then end-to-end tests of build/serval
test: build-asan build
	@tools/run-tests --ctest asan --pytest tests/e2e

#: make check      format, static analysis, layers, sizes, names, documentation, examples
check: build-asan build
	@tools/deps --check
	@tools/check

#: make test-all   make test, then TSan, each fuzz target for a minute, pages, Redis
test-all: build-asan build
	@tools/deps --check
	@tools/build tsan
	@tools/build fuzz
	@tools/run-fuzz
	@tools/run-tests --ctest asan --ctest tsan --pytest tests/e2e --pytest tests/pages

#: make bench      measure; results beside those of nginx and FastAPI (bench/README.md)
bench: build
	@tools/deps --bench
	@bench/run $(ARGS)

#: make zoo        fetch and convert real models into zoo/ (then: build/serval serve zoo/)
zoo: deps
	@tools/zoo

#: make clean      remove build/ (not .deps/ or the cache)
clean:
	@rm -rf build
