# What people call: run, test and its parts, clean. Included at the end of the Makefile.

# Programs of the end-to-end tests: one C file each, and what they share.
TOOLS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/tools/*.c))
TOOL_PARTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/e2e/tools/shared/*.c))
$(TOOLS): $(BUILD)/%: %.c $(TOOL_PARTS) $(LIBS_base)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(TOOL_PARTS) $(LIBS_base) $(LINK_FLAGS)

# The simulator, where there is one: tests/sim/sim.mk says how it is built and run by hand.
-include tests/sim/sim.mk
-include tests/mutants/mutants.mk

# Real nodes under real faults, checked for linearizability.
-include tests/torture/torture.mk
SIM = $(if $(wildcard tests/sim/main.c),$(BUILD)/tests/sim/sim)

# Fuzzers: one C file each, with LLVMFuzzerTestOneInput. Needs clang.
#	make fuzz FUZZ_SECONDS=60
FUZZ_SECONDS ?= 15
FUZZ_BUILD = build/fuzz
FUZZERS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
$(FUZZERS): $(BUILD)/%: %.c $(LIBS_node)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -Itests -fsanitize=fuzzer -MMD -MP -o $@ $< $(LIBS_node) $(LINK_FLAGS)

programs: $(BUILD)/cleatd $(UNITS) $(TOOLS) $(SIM)
fuzzers: $(FUZZERS)

fuzz:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/test fuzz

run:
	@scripts/deps build
	@$(MAKE) --no-print-directory -j2 $(BUILD)/cleatd
	@CLEATD=$(abspath $(BUILD))/cleatd scripts/run

# Every test; `make unit`, `make e2e` and `make check` are parts of it.
test:
	@scripts/deps build test
	@$(MAKE) --no-print-directory -j2 programs
	@BUILD=$(BUILD) scripts/test unit check sim e2e

unit:
	@$(MAKE) --no-print-directory -j2 programs
	@BUILD=$(BUILD) scripts/test unit

e2e:
	@$(MAKE) --no-print-directory -j2 $(BUILD)/cleatd $(TOOLS)
	@BUILD=$(BUILD) scripts/test e2e

check:
	@scripts/check

clean:
	rm -rf $(BUILD)

.PHONY: programs fuzzers fuzz run test unit e2e check clean
