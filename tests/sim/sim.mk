# The simulator: five nodes in one process on simulated time, network and disks.
#
#   make sim SEED=7 [TRACE=1]   one run, again to the letter; TRACE=1 tells its story, TRACE=2 every frame too
#   make sim SEEDS=500          many runs from SEED (1) on, JOBS at a time; TWICE=1 runs each twice and compares hashes

SEED ?= 1
SEEDS ?= 1
TRACE ?= 0
JOBS ?= 2

SIM_SOURCES = $(wildcard tests/sim/*.c) tests/disk_fs/fs_memory.c tests/disk_fs/strand.c
SIM_OBJECTS = $(SIM_SOURCES:%.c=$(BUILD)/%.o)

# The memory's file system comes before libdisk.a, so that the real one is not pulled in.
$(BUILD)/tests/sim/sim: $(SIM_OBJECTS) $(LIBS_node)
	$(CC) -o $@ $(SIM_OBJECTS) $(LIBS_node) $(LINK_FLAGS)

.PHONY: sim
sim: $(BUILD)/tests/sim/sim
	$< --seed $(SEED) --seeds $(SEEDS) --trace $(TRACE) --jobs $(JOBS) $(if $(TWICE),--twice) $(SIM_OPTIONS)

# What judges the runs has tests of its own.
SIM_UNITS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/sim/*.c))
UNITS += $(SIM_UNITS)
SIM_JUDGES = $(patsubst %,$(BUILD)/tests/sim/%.o,history verdict change entry oracle oracle_asked oracle_change \
	oracle_feed \
	oracle_files)
$(SIM_UNITS): $(BUILD)/%: %.c tests/support/*.h $(SIM_JUDGES) $(LIBS_store) $(BUILD)/libsupport.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -o $@ $< $(SIM_JUDGES) $(BUILD)/libsupport.a $(LIBS_store) \
		$(LINK_FLAGS) $$(pkg-config --libs check)
