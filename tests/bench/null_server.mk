# The server that does nothing but answer: the limit to what any other can be measured at.
NULL_SERVER = $(BUILD)/tests/bench/null_server
$(NULL_SERVER): tests/bench/null_server.c $(LIBS_protocol)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(LIBS_protocol) $(LINK_FLAGS) -lev
