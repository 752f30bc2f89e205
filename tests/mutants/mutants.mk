# Mutants: simulators with one known bug of another system planted in them. scripts/mutants hunts for each.
#
#   make mutants                  applies all patches, compiles, and hunts: up to MUTANT_CPU_S CPU-seconds for each
#   make mutants MUTANTS="a b"    only for these
#   make mutants-build            does they still apply, compile and link? That takes seconds
#
# A mutant's objects come before the archives, so that the members of the same names are not pulled in. The compiler is
# told not to mind what a mutant no longer uses.

MUTANT_CPU_S ?= 600
MUTANTS ?= $(sort $(patsubst tests/mutants/%.patch,%,$(wildcard tests/mutants/*.patch)))
MUTANT_SIMS = $(MUTANTS:%=$(BUILD)/mutants/%/sim)

$(BUILD)/mutants/%/sim: tests/mutants/%.patch $(SIM_OBJECTS) $(LIBS_node)
	@echo "  MUTANT $*"
	@rm -rf $(@D)
	@files=$$(sed -n 's|^+++ b/||p' $<); \
	for file in $$files; do mkdir -p $(@D)/$${file%/*} && cp $$file $(@D)/$$file || exit; done; \
	patch --quiet --strip=1 --fuzz=0 --directory=$(@D) <$< || exit; \
	for file in $$files; do \
		$(CC) $(ALL_CFLAGS) -Wno-unused -Wno-unused-parameter -iquote $${file%/*} \
			-fmacro-prefix-map=$(@D)/= -c -o $(@D)/$${file%.c}.o $(@D)/$$file || exit; \
	done; \
	$(CC) -o $@ $(SIM_OBJECTS) $$(find $(@D) -name '*.o') $(LIBS_node) $(LINK_FLAGS)

.PHONY: mutants mutants-build mutant-sims
mutant-sims: $(MUTANT_SIMS)

mutants mutants-build:
	+@BUILD=$(BUILD) MUTANT_CPU_S=$(MUTANT_CPU_S) scripts/mutants $(if $(filter mutants-build,$@),--build) $(MUTANTS)

# Promises between parts: each of tests/mutants/ensures takes one ensure() away, and then the unit test of its name, and
# no other, must fail. That takes seconds.
#
#   make ensure-mutants
ENSURE_MUTANTS = $(patsubst tests/mutants/ensures/%.patch,$(BUILD)/mutants/ensures/%/test,$(wildcard tests/mutants/ensures/*.patch))
ENSURE_TEST = $(BUILD)/tests/unit/node/ensures.o
$(BUILD)/mutants/ensures/%/test: tests/mutants/ensures/%.patch $(ENSURE_TEST) $(LIBS_node) $(BUILD)/libsupport.a
	@echo "  MUTANT $*"
	@rm -rf $(@D)
	@file=$$(sed -n 's|^+++ b/||p' $<) && mkdir -p $(@D)/$${file%/*} && cp $$file $(@D)/$$file && \
	patch --quiet --strip=1 --fuzz=0 --directory=$(@D) <$< && \
	$(CC) $(ALL_CFLAGS) -Wno-unused -Wno-unused-parameter -iquote $${file%/*} -c -o $(@D)/mutant.o $(@D)/$$file && \
	$(CC) -o $@ $(ENSURE_TEST) $(@D)/mutant.o $(BUILD)/libsupport.a $(LIBS_node) $(LINK_FLAGS) $$(pkg-config --libs check)

.PHONY: ensure-mutants ensure-mutant-programs
ensure-mutant-programs: $(BUILD)/tests/unit/node/ensures $(ENSURE_TEST) $(ENSURE_MUTANTS)

ensure-mutants:
	@$(MAKE) --no-print-directory --keep-going -j2 ensure-mutant-programs || true
	@BUILD=$(BUILD) scripts/ensures
