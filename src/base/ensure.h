/* ensure(): assertions that stay on in production. The condition is always evaluated, once: some need what it does.
 *
 * A condition that is false is a bug of this program: it says so on stderr and aborts, before anything wrong can be
 * made durable or sent. Never used on what came from a client, a peer or the disk: bad input is a value. */
#ifndef CLEAT_BASE_ENSURE_H
#define CLEAT_BASE_ENSURE_H

#define ensure(condition) ((condition) ? (void)0 : ensure_failed(#condition, __FILE__, __LINE__, __func__))

_Noreturn void ensure_failed(const char *condition, const char *file, int line, const char *function);

#endif
