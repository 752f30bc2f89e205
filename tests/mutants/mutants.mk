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
