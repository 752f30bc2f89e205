# Cleat.
#
#   make          build/cleatd and build/cleat
#   make run      five nodes on loopback, client ports 8080-8084; Ctrl-C ends them
#   make test     every test
#   make install  programs, man pages, completion, systemd unit: scripts/install.mk
#
# BUILD=dir builds elsewhere; CC=clang and SANITIZE=address,undefined do what they say.

BUILD ?= build
CC = gcc
VERSION = 0.2.0-dev
RELEASED = 2026-11-21

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
OPTIMIZE ?= -O2
CFLAGS ?= -g
BASE_CFLAGS = -std=c11 -D_GNU_SOURCE -DCLEAT_VERSION='"$(VERSION)"' -I. -Isrc $(WARNINGS) $(OPTIMIZE) -fno-strict-aliasing -fstack-protector-strong -pthread
ifdef SANITIZE
BASE_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_FLAGS += -fsanitize=$(SANITIZE)
endif
ALL_CFLAGS = $(BASE_CFLAGS) $(CFLAGS)
LINK_FLAGS += -pthread

# Layers, lowest first. A test of one layer links that layer and what lies below it.
LAYERS = base protocol raft store disk node json net http arguments client bench cli
DIR_base = src/base
DIR_protocol = protocol
DIR_raft = raft
DIR_store = src/store
DIR_disk = src/disk
DIR_node = src/node
DIR_net = src/net
DIR_json = src/json
DIR_http = src/http
DIR_arguments = src/arguments
DIR_client = src/client
DIR_bench = src/bench
DIR_cli = src/cli

lib = $(BUILD)/lib$(1).a
LIBS_base = $(call lib,base)
LIBS_protocol = $(call lib,protocol) $(LIBS_base)
LIBS_raft = $(call lib,raft) $(LIBS_base)
LIBS_store = $(call lib,store) $(LIBS_protocol)
LIBS_disk = $(call lib,disk) $(LIBS_raft)
LIBS_node = $(call lib,node) $(call lib,store) $(call lib,disk) $(call lib,protocol) $(call lib,raft) $(LIBS_base)
LIBS_net = $(call lib,net) $(LIBS_node)
EXTERNAL_net = -lev
LIBS_json = $(call lib,json) $(LIBS_protocol)
EXTERNAL_json = -ljansson
LIBS_http = $(call lib,http) $(call lib,json) $(LIBS_node)
EXTERNAL_http = -lmicrohttpd -ljansson -lev
LIBS_arguments = $(call lib,arguments) $(LIBS_protocol)
LIBS_client = $(call lib,client) $(LIBS_protocol)
LIBS_bench = $(call lib,bench) $(call lib,arguments) $(LIBS_client)
LIBS_cli = $(call lib,cli) $(call lib,json) $(LIBS_bench)
# Libraries of others that a layer and those below it need.
EXTERNAL_cli = -lev -ljansson -ledit -lm

all: $(BUILD)/cleatd $(BUILD)/cleat

define layer
SOURCES_$(1) = $$(wildcard $$(DIR_$(1))/*.c $$(DIR_$(1))/*/*.c)
OBJECTS_$(1) = $$(SOURCES_$(1):%.c=$(BUILD)/%.o)
$$(call lib,$(1)): $$(OBJECTS_$(1))
	@rm -f $$@
	@ar qcs $$@ $$^
UNIT_$(1) = $$(patsubst %.c,$(BUILD)/%,$$(wildcard tests/unit/$(1)/*.c tests/unit/$(1)/*/*.c))
$$(UNIT_$(1)): $(BUILD)/%: %.c tests/support/*.h $$(LIBS_$(1)) $(BUILD)/libsupport.a
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$$(CC) $$(ALL_CFLAGS) -Itests -MMD -MP -o $$@ $$< $(BUILD)/libsupport.a $$(LIBS_$(1)) $$(LINK_FLAGS) $$(EXTERNAL_$(1)) $$$$(pkg-config --libs check)
UNITS += $$(UNIT_$(1))
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

SUPPORT_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
$(BUILD)/libsupport.a: $(SUPPORT_OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# What the build needs is looked for once, before anything is compiled: a missing header is told by its package.
$(BUILD)/needs: scripts/deps
	@scripts/deps --missing build
	@mkdir -p $(@D)
	@touch $@

$(BUILD)/%.o: %.c | $(BUILD)/needs
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c -o $@ $<

DAEMON_OBJECTS = $(BUILD)/src/cleatd.o $(BUILD)/src/options.o
LIBS_daemon = $(call lib,arguments) $(call lib,http) $(call lib,json) $(LIBS_net)
$(BUILD)/cleatd: $(DAEMON_OBJECTS) $(LIBS_daemon)
	@echo "  LINK $@"
	@$(CC) -o $@ $(DAEMON_OBJECTS) $(LIBS_daemon) $(LINK_FLAGS) $(EXTERNAL_http)

$(BUILD)/cleat: $(BUILD)/src/cleat.o $(LIBS_cli)
	@echo "  LINK $@"
	@$(CC) -o $@ $(BUILD)/src/cleat.o $(LIBS_cli) $(LINK_FLAGS) $(EXTERNAL_cli)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all

include scripts/targets.mk
include scripts/install.mk
