# Cleat beside other systems.
#
#   make bench-peers        scripts/bench-peers; takes long. BENCH_OPTIONS="--quick" is a look at whether it works

$(BUILD)/bench/zk_load: tests/bench/zk_load.c
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $< -lzookeeper_st

.PHONY: bench-peers
bench-peers:
	@BUILD=$(BUILD) scripts/bench-peers $(BENCH_OPTIONS)
