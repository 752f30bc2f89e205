# Every step a crash: lives of a disk (a node's with its clients, a follower's, and one whose two threads are at work at
# once, in several orders) in which each disk action is the last one before the process is killed, or before the power
# fails and all, some or all but the first few sectors of what was not synced are lost; then a start, itself cut off at
# each of its actions in each of these ways; then a start that must find all that was promised.
#
#   make crashpoints                       all of them
#   make crashpoints CRASHPOINTS_SHORT=1   all first crashes, and of those in the start that follows one in a few
#
# A point that fails is told with the command that tries it again. Ends with "N passed, N failed".

CRASHPOINTS_JOBS ?= 2
CRASHPOINTS_STRIDE ?= $(if $(CRASHPOINTS_SHORT),23,1)

CRASHPOINTS = $(BUILD)/tests/crashpoints/crashpoints
CRASHPOINTS_SOURCES = $(wildcard tests/crashpoints/*.c) tests/disk_fs/fs_memory.c \
	tests/disk_fs/strand.c
CRASHPOINTS_OBJECTS = $(CRASHPOINTS_SOURCES:%.c=$(BUILD)/%.o)

# The memory's file system comes before libdisk.a, so that the real one is not pulled in.
$(CRASHPOINTS): $(CRASHPOINTS_OBJECTS) $(LIBS_node)
	@echo "  LINK $@"
	@$(CC) -o $@ $(CRASHPOINTS_OBJECTS) $(LIBS_node) $(LINK_FLAGS)

.PHONY: crashpoints
crashpoints: $(CRASHPOINTS)
	@$< --stride $(CRASHPOINTS_STRIDE) --jobs $(CRASHPOINTS_JOBS) $(CRASHPOINTS_OPTIONS)
