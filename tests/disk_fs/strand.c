#include "disk_fs/strand.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "base/ensure.h"
#include "base/memory.h"

/* AddressSanitizer must know which stack is in use. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRAND_TELLS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define STRAND_TELLS_SANITIZER 1
#endif
#ifdef STRAND_TELLS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

enum { STRAND_STACK_BYTES = 512 * 1024 };

struct strand {
    ucontext_t inside;
    ucontext_t outside;
    uint8_t *stack;
    void (*work)(void *);
    void *context;
    bool under_way;
    void *inside_frames;        /* AddressSanitizer's, of who does not run */
    void *outside_frames;
    const void *outside_stack;
    size_t outside_bytes;
};

static struct strand *strand_current;

struct strand *strand_open(void)
{
    struct strand *strand = memory_get(sizeof *strand);
    strand->stack = memory_get(STRAND_STACK_BYTES);
    return strand;
}

void strand_close(struct strand *strand)
{
    if (!strand)
        return;
    ensure(strand_current != strand);
    free(strand->stack);
    free(strand);
}

bool strand_rests(const struct strand *strand)
{
    return strand && strand->under_way;
}

/* --- changing stacks -------------------------------------------------------------------------------------------- */

/* As swapcontext, of which AddressSanitizer warns even where it is told of all changes. */
static void change(ucontext_t *from, const ucontext_t *to)
{
    volatile bool back = false;
    ensure(getcontext(from) == 0);
    if (back)
        return;
    back = true;
    (void)setcontext(to);
    ensure(false);
}

static void switch_in(struct strand *strand)
{
    ensure(!strand_current && strand->under_way);
    strand_current = strand;
#ifdef STRAND_TELLS_SANITIZER
    __sanitizer_start_switch_fiber(&strand->outside_frames, strand->stack, STRAND_STACK_BYTES);
#endif
    change(&strand->outside, &strand->inside);
#ifdef STRAND_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(strand->outside_frames, NULL, NULL);
#endif
    strand_current = NULL;
}

/* FOR_EVER: its frames are not needed any more. */
static void switch_out(struct strand *strand, bool for_ever)
{
    ensure(strand_current == strand);
#ifdef STRAND_TELLS_SANITIZER
    __sanitizer_start_switch_fiber(for_ever ? NULL : &strand->inside_frames, strand->outside_stack,
                                   strand->outside_bytes);
#else
    (void)for_ever;
#endif
    change(&strand->inside, &strand->outside);
}

static void arrived(struct strand *strand)
{
#ifdef STRAND_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(strand->inside_frames, &strand->outside_stack, &strand->outside_bytes);
#endif
    ensure(strand_current == strand);
}

static void run(void)
{
    struct strand *strand = strand_current;
    strand->inside_frames = NULL;
    arrived(strand);
    strand->work(strand->context);
    strand->under_way = false;
    switch_out(strand, true);
}

bool strand_begin(struct strand *strand, void (*work)(void *), void *context)
{
    ensure(!strand->under_way);
    strand->work = work;
    strand->context = context;
    strand->under_way = true;
    ensure(getcontext(&strand->inside) == 0);
    strand->inside.uc_stack.ss_sp = strand->stack;
    strand->inside.uc_stack.ss_size = STRAND_STACK_BYTES;
    strand->inside.uc_link = NULL;
    makecontext(&strand->inside, run, 0);
    switch_in(strand);
    return !strand->under_way;
}

bool strand_go_on(struct strand *strand)
{
    switch_in(strand);
    return !strand->under_way;
}

void strand_rest(void)
{
    struct strand *strand = strand_current;
    ensure(strand != NULL);
    switch_out(strand, false);
    arrived(strand);
}
