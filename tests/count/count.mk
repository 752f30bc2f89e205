# The work of an operation, counted: instructions, allocations, copies, disk requests, messages.
#
#   make count             counts, and compares with tests/count/EXPECTED; ends with "N passed, N failed"
#   make count RECORD=1    counts, and writes EXPECTED anew
#
# Two programs of the same objects: in `count` calls.c stands before malloc, memcpy and XXH3; `count-plain` is for
# callgrind, which then sees the instructions of the server's own objects and nothing else.

COUNT = $(BUILD)/tests/count/count $(BUILD)/tests/count/count-plain
COUNT_SOURCES = $(filter-out tests/count/calls.c,$(wildcard tests/count/*.c)) tests/disk_fs/fs_memory.c
COUNT_OBJECTS = $(COUNT_SOURCES:%.c=$(BUILD)/%.o)
comma = ,
COUNT_WRAPS = $(patsubst %,-Wl$(comma)--wrap=%,fs_write fs_writev fs_sync)
COUNT_CALL_WRAPS = $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc aligned_alloc posix_memalign free memcpy \
	memmove hash_bytes hash_pieces)

# The memory's file system comes before libdisk.a, so that the real one is not pulled in.
$(BUILD)/tests/count/count: $(COUNT_OBJECTS) $(BUILD)/tests/count/calls.o $(LIBS_node)
	@echo "  LINK $@"
	@$(CC) $(COUNT_WRAPS) $(COUNT_CALL_WRAPS) -o $@ $(COUNT_OBJECTS) $(BUILD)/tests/count/calls.o \
		$(LIBS_node) $(LINK_FLAGS)
$(BUILD)/tests/count/count-plain: $(COUNT_OBJECTS) $(LIBS_node)
	@echo "  LINK $@"
	@$(CC) $(COUNT_WRAPS) -o $@ $(COUNT_OBJECTS) $(LIBS_node) $(LINK_FLAGS)

.PHONY: count
count:
	@scripts/deps build count
	@$(MAKE) --no-print-directory -j2 $(COUNT)
	@BUILD=$(BUILD) tests/count/run $(if $(RECORD),--record)
