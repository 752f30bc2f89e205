#include "bench/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "base/random.h"

enum { VERSION_DIGITS = 20 };

uint32_t templates_key_digits(uint32_t keys)
{
    uint32_t digits = 1;
    for (uint32_t last = keys - 1; last >= 10; last /= 10)
        digits++;
    return digits;
}

static void append_zeros(struct buffer *text, uint32_t count)
{
    while (count-- > 0)
        buffer_append_u8(text, '0');
}

static void make(struct templates *templates, enum operation operation, const char *prefix, uint32_t exptime_s)
{
    struct template *template = &templates->of[operation];
    bool has_value = operation == OPERATION_WRITE || operation == OPERATION_CAS;
    struct buffer text = {0};
    buffer_append_text(&text, operation_name(operation));
    buffer_append_text(&text, " ");
    buffer_append_text(&text, prefix);
    append_zeros(&text, templates->key_digits);
    template->key_end = buffer_size(&text);
    if (operation == OPERATION_CAS) {
        buffer_append_text(&text, " ");
        append_zeros(&text, VERSION_DIGITS);
        template->version_end = buffer_size(&text);
    }
    if (has_value) {
        buffer_append_text(&text, " ");
        buffer_append_number(&text, templates->value_size - 2);
    }
    if (has_value && exptime_s > 0) {
        buffer_append_text(&text, " ");
        buffer_append_number(&text, exptime_s);
    }
    buffer_append_text(&text, "\r\n");
    template->has_value = has_value && templates->value_size > TEMPLATE_INLINE_MAX;
    if (has_value && !template->has_value)
        buffer_append(&text, templates->value, templates->value_size);
    template->size = buffer_size(&text);
    ensure(template->size <= TEMPLATE_BATCH_BYTES);
    template->text = memory_get(template->size);
    memcpy(template->text, buffer_start(&text), template->size);
    buffer_close(&text);
}

void templates_init(struct templates *templates, const char *prefix, uint32_t keys, size_t value_size,
                    uint32_t exptime_s, uint64_t seed)
{
    struct random random = {.state = seed};
    *templates = (struct templates){.key_digits = templates_key_digits(keys), .value_size = value_size + 2};
    templates->value = memory_get(templates->value_size);
    for (size_t i = 0; i < value_size; i++)
        templates->value[i] = (uint8_t)random_between(&random, 'a', 'z');
    memcpy(templates->value + value_size, "\r\n", 2);
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        make(templates, (enum operation)i, prefix, exptime_s);
}

void templates_close(struct templates *templates)
{
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        free(templates->of[i].text);
    free(templates->value);
}

void batch_clear(struct batch *batch)
{
    batch->count = 0;
    batch->size = 0;
    batch->used = 0;
}

/* Over zeros, so that what is in front of the number stays. */
static inline void put_digits(uint8_t *end, uint64_t number)
{
    for (; number > 0; number /= 10)
        *--end = (uint8_t)('0' + number % 10);
}

static inline void put_key(uint8_t *end, uint32_t key)
{
    for (; key > 0; key /= 10)
        *--end = (uint8_t)('0' + key % 10);
}

bool batch_add(struct batch *batch, const struct templates *templates, enum operation operation, uint32_t key,
               uint64_t version)
{
    const struct template *template = &templates->of[operation];
    if (template->size > sizeof batch->bytes - batch->used || batch->count > TEMPLATE_PIECES_MAX - 2)
        return false;
    uint8_t *text = batch->bytes + batch->used;
    memcpy(text, template->text, template->size);
    put_key(text + template->key_end, key);
    if (template->version_end > 0)
        put_digits(text + template->version_end, version);
    struct iovec *last = batch->count > 0 ? &batch->pieces[batch->count - 1] : NULL;
    if (last && (uint8_t *)last->iov_base + last->iov_len == text)
        last->iov_len += template->size;
    else
        batch->pieces[batch->count++] = (struct iovec){.iov_base = text, .iov_len = template->size};
    batch->used += template->size;
    batch->size += template->size;
    if (template->has_value) {
        batch->pieces[batch->count++] =
            (struct iovec){.iov_base = templates->value, .iov_len = templates->value_size};
        batch->size += templates->value_size;
    }
    return true;
}

void batch_skip(struct batch *batch, size_t size)
{
    ensure(size < batch->size);
    batch->size -= size;
    int gone = 0;
    while (size >= batch->pieces[gone].iov_len)
        size -= batch->pieces[gone++].iov_len;
    batch->count -= gone;
    memmove(batch->pieces, batch->pieces + gone, (size_t)batch->count * sizeof batch->pieces[0]);
    batch->pieces[0].iov_base = (uint8_t *)batch->pieces[0].iov_base + size;
    batch->pieces[0].iov_len -= size;
}
