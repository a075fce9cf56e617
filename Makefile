# The commands that people type; everything they do is 'swift build', 'swift test' and the program itself.
#
#   make demo       from a fresh machine to an image for aarch64
#   make test       the whole test suite, and what must be clean: format and warnings (also: make check)
#   make            the release build
#   make install    the program, its completions and its manual, to PREFIX (default /usr/local) below DESTDIR
#   make sanitize   the unit tests under the thread and address sanitizers
#   make fuzz       feeds the readers of manifests with damaged input, SECONDS for each (60)
#   make bench-scale  graph beside ninja, make and tup on a graph of N nodes (10000); SCALE='…' for options of scale.py
#   make lint       the formatter's opinion of the code
#   make clean      removes what was built here; the store of 'graph' is removed by 'graph clean --all'

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PREFIX ?= /usr/local
DESTDIR ?=

# The Swift runtime is linked in, so that the program runs where no Swift is installed, and so are the libraries that every
# command uses, where their archives are there: to find, map and relocate them takes time at every start. The linker takes the
# first folder that has a library of that name, and the package manager is told by pkg-config files of our own that it is ours.
STATIC := .build/static-libraries
LINKED_IN := libcrypto sqlite3 yaml-0.1 zlib libzstd
RELEASE := -c release --static-swift-stdlib -Xlinker -L$(CURDIR)/$(STATIC)
BUILT := .build/release
INSTALL := $(DESTDIR)$(PREFIX)

SECONDS ?= 60

.PHONY: release demo test check fuzz sanitize bench-scale lint install clean

release: $(STATIC)
	PKG_CONFIG_PATH=$(CURDIR)/$(STATIC) swift build $(RELEASE)

$(STATIC):
	mkdir -p $@
	for library in libcrypto libsqlite3 libstdc++ libyaml libz libzstd; do \
	  archive=$$(clang -print-file-name=$$library.a); [ ! -f "$$archive" ] || ln -sf "$$archive" $@/; \
	done
	for name in $(LINKED_IN); do \
	  sed 's|^libdir=.*|libdir=$(CURDIR)/$@|' "$$(pkg-config --variable=pcfiledir $$name)/$$name.pc" >$@/$$name.pc; \
	done

demo:
	tools/setup
	$(MAKE) --no-print-directory release
	$(BUILT)/graph --version
	cd examples/index && ../../$(BUILT)/graph build //app/httpd:aarch64
	@echo
	@echo 'Built: //app/httpd:aarch64, a web server for aarch64, from the packages up.'
	@echo 'Run it, under the emulator where this machine is another one:'
	@echo
	@echo '    cd examples/index && ../../$(BUILT)/graph run //app/httpd:aarch64'
	@echo '    curl http://127.0.0.1:8080/             (from another terminal)'
	@echo
	@echo 'Take it away as an OCI layout:'
	@echo
	@echo '    cd examples/index && ../../$(BUILT)/graph export //app/httpd:aarch64 /tmp/httpd'

# One build serves all tests, those that start the program as well.
test:
	tools/setup --test
	$(MAKE) --no-print-directory lint
	tools/build-without-warnings --build-tests
	swift test --skip-build --disable-xctest
	python3 Benchmarks/scale/scale.py --graph .build/debug/graph --nodes 300 --runs 1 --engines graph,ninja,make

check: test

# The unit tests once more under each sanitizer; takes long, and is not part of 'make test'. The thread sanitizer does not
# see into Synchronization.Mutex, so what it reports between two 'withLock' of one mutex is none of ours: read, not
# counted. The helper is not static here, so it cannot run in an empty root.
sanitize:
	for sanitizer in thread address; do \
	  SANITIZE=$$sanitizer TSAN_OPTIONS=exitcode=0 ASAN_OPTIONS=detect_leaks=0 \
	    swift test --disable-xctest --sanitize=$$sanitizer --scratch-path .build-$$sanitizer \
	    --skip EndToEndTests --skip RemoteExecutionTests --skip ElsewhereTests || exit; \
	done

# Two at a time. What is found is kept in .build-fuzz, and named in the message that ends the run; inputs that reach new
# code are kept there, too, and are where the next run begins.
FUZZED := settings index pipeline dockerfile words
FUZZ_BUILT := .build-fuzz/release/graph-fuzz

fuzz:
	FUZZ=1 swift build -c release --sanitize=fuzzer --scratch-path .build-fuzz --product graph-fuzz
	mkdir -p $(addprefix .build-fuzz/inputs/,$(FUZZED))
	printf '%s\n' $(FUZZED) | xargs -P 2 -I '{}' sh -c 'FUZZ_TARGET={} $(FUZZ_BUILT) -max_total_time=$(SECONDS) -timeout=20 \
	  -rss_limit_mb=1024 -max_len=16384 -verbosity=1 -print_final_stats=1 -artifact_prefix=.build-fuzz/found-{}- \
	  .build-fuzz/inputs/{} Fuzz/Seeds/{} >.build-fuzz/{}.log 2>&1 || { tail -n 40 .build-fuzz/{}.log; exit 255; }; \
	  grep -E "number_of_executed_units|peak_rss" .build-fuzz/{}.log | sed "s/^/{}: /"'

N ?= 10000
SCALE ?=

bench-scale: release
	python3 Benchmarks/scale/scale.py --graph $(BUILT)/graph --nodes $(N) $(SCALE)

lint:
	swift format lint --strict -r Sources Tests Fuzz Package.swift

# The manual and the completions come from the program's own description of its command line.
install: release
	PKG_CONFIG_PATH=$(CURDIR)/$(STATIC) swift build $(RELEASE) --product generate-manual
	install -D -m 755 -s $(BUILT)/graph '$(INSTALL)/bin/graph'
	install -D -m 755 -s $(BUILT)/graph-sandbox '$(INSTALL)/libexec/graph/graph-sandbox'
	install -d '$(INSTALL)/share/bash-completion/completions' '$(INSTALL)/share/zsh/site-functions' \
	  '$(INSTALL)/share/fish/vendor_completions.d' '$(INSTALL)/share/man/man1'
	$(BUILT)/graph completion bash >'$(INSTALL)/share/bash-completion/completions/graph'
	$(BUILT)/graph completion zsh >'$(INSTALL)/share/zsh/site-functions/_graph'
	$(BUILT)/graph completion fish >'$(INSTALL)/share/fish/vendor_completions.d/graph.fish'
	rm -rf .build/manual
	mkdir .build/manual
	$(BUILT)/generate-manual $(BUILT)/graph --multi-page --date "$$(git log -1 --format=%cs 2>/dev/null || date +%F)" \
	  --output-directory .build/manual
	rm -f .build/manual/graph.complete-labels.1
	install -m 644 .build/manual/*.1 '$(INSTALL)/share/man/man1'

clean:
	rm -rf .build
