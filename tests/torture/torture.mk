# Real nodes under real faults: scripts/torture, and the programs that it is made of.
#
#   make torture SECONDS=60 [SEED=7]

TORTURE_PROGRAMS = load relay check
TORTURE = $(TORTURE_PROGRAMS:%=$(BUILD)/tests/torture/%)
TORTURE_PARTS = $(filter-out $(TORTURE_PROGRAMS:%=tests/torture/%.c),$(wildcard tests/torture/*.c))
$(BUILD)/libtorture.a: $(TORTURE_PARTS:%.c=$(BUILD)/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(TORTURE): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtorture.a $(TOOL_PARTS) $(LIBS_base)
	@echo "  LINK $@"
	@$(CC) -o $@ $< $(BUILD)/libtorture.a $(TOOL_PARTS) $(LIBS_base) $(LINK_FLAGS)
TOOLS += $(TORTURE)

# The checker's own tests.
UNIT_torture = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/torture/*.c))
$(UNIT_torture): $(BUILD)/%: %.c tests/support/*.h $(BUILD)/libtorture.a $(LIBS_base) $(BUILD)/libsupport.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -o $@ $< $(BUILD)/libsupport.a $(BUILD)/libtorture.a $(LIBS_base) \
		$(LINK_FLAGS) $$(pkg-config --libs check)
UNITS += $(UNIT_torture)

SECONDS ?= 60
.PHONY: torture
torture: $(BUILD)/cleatd $(TORTURE)
	@BUILD=$(BUILD) scripts/torture $(if $(filter file undefined,$(origin SEED)),,--seed $(SEED)) $(SECONDS)
