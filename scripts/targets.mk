# What people call: run, test and its parts, clean. Included at the end of the Makefile.

# Programs of the end-to-end tests: one C file each, and what they share.
TOOLS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/tools/*.c))
TOOL_PARTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/e2e/tools/shared/*.c))
$(TOOLS): $(BUILD)/%: %.c $(TOOL_PARTS) $(LIBS_base)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(TOOL_PARTS) $(LIBS_base) $(LINK_FLAGS)

# What is loaded into a program under test.
PRELOADS = $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/e2e/tools/preload/*.c))
$(PRELOADS): $(BUILD)/%.so: %.c
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(filter-out -fsanitize=%,$(ALL_CFLAGS)) -fPIC -shared -o $@ $< -ldl

# The simulator, where there is one: tests/sim/sim.mk says how it is built and run by hand.
-include tests/sim/sim.mk
-include tests/mutants/mutants.mk

# Real nodes under real faults, checked for linearizability.
-include tests/torture/torture.mk
# Every disk action a crash.
-include tests/crashpoints/crashpoints.mk
# How much work an operation is.
-include tests/count/count.mk
# Cleat beside others.
-include tests/bench/bench.mk
-include tests/bench/null_server.mk
SIM = $(if $(wildcard tests/sim/main.c),$(BUILD)/tests/sim/sim)

# Fuzzers: one C file each, with LLVMFuzzerTestOneInput, and what they share. Needs clang.
#	make fuzz T=60    so many seconds for each
T ?= 15
FUZZ_BUILD = build/fuzz
FUZZERS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
FUZZ_SOURCES = $(wildcard tests/fuzz/shared/*.c) tests/disk_fs/fs_memory.c src/options.c src/arguments/argument.c src/net/address.c
FUZZ_OBJECTS = $(FUZZ_SOURCES:%.c=$(BUILD)/%.o)
# The memory's file system comes before libdisk.a, so that the real one is not pulled in.
$(FUZZERS): $(BUILD)/%: %.c $(FUZZ_OBJECTS) $(LIBS_node)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -Itests -fsanitize=fuzzer -MMD -MP -o $@ $< $(FUZZ_OBJECTS) $(FUZZ_LIBS) $(LIBS_node) $(LINK_FLAGS) $(FUZZ_LINK)
$(BUILD)/tests/fuzz/http: $(call lib,http) $(call lib,json)
$(BUILD)/tests/fuzz/http: FUZZ_LIBS = $(call lib,http) $(call lib,json)
$(BUILD)/tests/fuzz/http: FUZZ_LINK = $(EXTERNAL_http)
# The client has no connections but those that the fuzzer makes, and options of its own.
$(BUILD)/tests/fuzz/answers: $(LIBS_cli)
$(BUILD)/tests/fuzz/answers: FUZZ_OBJECTS =
$(BUILD)/tests/fuzz/answers: FUZZ_LIBS = $(LIBS_cli)
$(BUILD)/tests/fuzz/answers: FUZZ_LINK = -Wl,--wrap=endpoint_connect $(EXTERNAL_cli)

programs: $(BUILD)/cleatd $(BUILD)/cleat $(UNITS) $(TOOLS) $(PRELOADS) $(SIM) $(CRASHPOINTS) $(COUNT) $(NULL_SERVER)
fuzzers: $(FUZZERS)

fuzz:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(T) scripts/test fuzz

# What threads do to memory: unit tests that have some, and real nodes, watched by ThreadSanitizer.
#	make threads            all of that; takes a minute
#	make threads-mutants    known bugs of threads: each must be found
THREADS_BUILD = build/tsan
THREADS_MAKE = $(MAKE) --no-print-directory -j2 BUILD=$(THREADS_BUILD) SANITIZE=thread
threads: $(BUILD)/cleat $(BUILD)/tests/e2e/tools/hammer $(BUILD)/tests/e2e/tools/ledger
	@$(THREADS_MAKE) threads-programs
	@BUILD=$(THREADS_BUILD) PLAIN=$(BUILD) scripts/threads

threads-mutants:
	@$(THREADS_MAKE) threads-mutant-programs
	@BUILD=$(THREADS_BUILD) scripts/threads --mutants

threads-programs: $(BUILD)/cleatd $(UNIT_net) $(BUILD)/tests/unit/disk/posix

# A mutant's objects come before the archives, as for those of the simulator.
THREADS_MUTANTS = $(patsubst tests/mutants/threads/%.patch,$(BUILD)/mutants/threads/%/worker,$(wildcard tests/mutants/threads/*.patch))
threads-mutant-programs: $(THREADS_MUTANTS)
$(BUILD)/mutants/threads/%/worker: tests/mutants/threads/%.patch $(LIBS_net) $(BUILD)/libsupport.a
	@echo "  MUTANT $*"
	@rm -rf $(@D)
	@files=$$(sed -n 's|^+++ b/||p' $<); \
	for file in $$files; do mkdir -p $(@D)/$${file%/*} && cp $$file $(@D)/$$file || exit; done; \
	patch --quiet --strip=1 --fuzz=0 --directory=$(@D) <$< || exit; \
	for file in $$files; do \
		$(CC) $(ALL_CFLAGS) -Wno-unused -iquote $${file%/*} -c -o $(@D)/$${file%.c}.o $(@D)/$$file || exit; \
	done; \
	$(CC) $(ALL_CFLAGS) -Itests -o $@ tests/unit/net/worker.c $$(find $(@D) -name '*.o') $(BUILD)/libsupport.a \
		$(LIBS_net) $(LINK_FLAGS) $(EXTERNAL_net) $$(pkg-config --libs check)

# Which lines the tests run.
COVERAGE_BUILD = build/coverage
coverage:
	@scripts/deps build test
	@$(MAKE) --no-print-directory -j2 BUILD=$(COVERAGE_BUILD) OPTIMIZE=-O1 CFLAGS='-g --coverage' \
		LINK_FLAGS='--coverage -pthread' programs
	@BUILD=$(COVERAGE_BUILD) scripts/coverage

run:
	@scripts/deps build
	@$(MAKE) --no-print-directory -j2 all
	@CLEATD=$(abspath $(BUILD))/cleatd scripts/run

# Every test; `make unit`, `make e2e` and `make check` are parts of it.
test:
	@scripts/deps build test
	@$(MAKE) --no-print-directory -j2 programs
	@$(MAKE) --no-print-directory upgrade-programs
	@BUILD=$(BUILD) scripts/test unit check sim e2e

# The older and the newer program for the tests of upgrades. Where they cannot be built those tests fail, and say why.
upgrade-programs:
	@tests/e2e/upgrade/programs $(BUILD)/upgrade >$(BUILD)/upgrade.log 2>&1 || true

unit:
	@$(MAKE) --no-print-directory -j2 programs
	@BUILD=$(BUILD) scripts/test unit

e2e:
	@$(MAKE) --no-print-directory -j2 $(BUILD)/cleatd $(BUILD)/cleat $(TOOLS) $(PRELOADS)
	@$(MAKE) --no-print-directory upgrade-programs
	@BUILD=$(BUILD) scripts/test e2e

check:
	@scripts/check

clean:
	rm -rf $(BUILD)

.PHONY: programs upgrade-programs fuzzers fuzz threads threads-programs threads-mutants threads-mutant-programs coverage run test unit e2e check clean
