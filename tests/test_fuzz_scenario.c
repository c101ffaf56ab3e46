#include "sim/rng.h"
#include "tests/fuzz/scenario.h"
#include "tests/harness.h"

#include <glib.h>
#include <string.h>

#define MUTATIONS 2000

static int
compare_names(const void *left, const void *right, void *user)
{
    (void)user;
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The contents of all seeds, in the order of their names. */
static GPtrArray *
corpus_load(void)
{
    const char *path = g_getenv("FUZZ_CORPUS");
    path = path ? path : "tests/fuzz/corpus";
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const char *name;
    while (directory && (name = g_dir_read_name(directory)))
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort_with_data(names, compare_names, NULL);
    for (guint i = 0; i < names->len; i++) {
        char *text = NULL;
        gsize size = 0;
        if (g_file_get_contents(names->pdata[i], &text, &size, NULL))
            g_ptr_array_add(seeds, g_bytes_new_take(text, size));
    }
    return seeds;
}

static const uint8_t *
seed_data(const GPtrArray *seeds, uint64_t i, gsize *ret_size)
{
    return g_bytes_get_data(seeds->pdata[i % seeds->len], ret_size);
}

/* One small damage: a byte changed, a piece removed, doubled, or taken from another seed. */
static void
mutate(GByteArray *text, const GPtrArray *seeds, SimRng *rng)
{
    static const char signs[] = "{}[]:,-?&*!|>'\"%#\n \t~0x.";
    guint at = text->len ? (guint)sim_rng_below(rng, text->len) : 0;
    guint length = (guint)sim_rng_below(rng, 40);
    length = MIN(length, text->len - at);
    switch (sim_rng_below(rng, 5)) {
    case 0:
        if (text->len > 0)
            text->data[at] = (uint8_t)signs[sim_rng_below(rng, sizeof signs - 1)];
        return;
    case 1:
        if (text->len > 0)
            text->data[at] = (uint8_t)sim_rng_below(rng, 256);
        return;
    case 2:
        if (length > 0)
            g_byte_array_remove_range(text, at, length);
        return;
    case 3: {
        if (length == 0)
            return;
        g_autofree uint8_t *piece = g_memdup2(text->data + at, length);
        g_byte_array_append(text, piece, length);
        return;
    }
    default: {
        gsize size;
        const uint8_t *other = seed_data(seeds, sim_rng_below(rng, seeds->len), &size);
        gsize from = size ? sim_rng_below(rng, size) : 0;
        g_byte_array_set_size(text, at);
        if (size > 0)
            g_byte_array_append(text, other + from, (guint)MIN(size - from, 20000));
        return;
    }
    }
}

static void
every_seed_is_read_without_a_crash(void)
{
    g_autoptr(GPtrArray) seeds = corpus_load();
    CHECK(seeds->len >= 30);
    for (guint i = 0; i < seeds->len; i++) {
        gsize size;
        const uint8_t *data = seed_data(seeds, i, &size);
        fuzz_scenario(data, size);
    }
}

static void
damaged_seeds_are_read_without_a_crash(void)
{
    g_autoptr(GPtrArray) seeds = corpus_load();
    SimRng rng = sim_rng_named(1, 0, "fuzz/scenario");
    for (guint i = 0; i < MUTATIONS && seeds->len > 0; i++) {
        gsize size;
        const uint8_t *data = seed_data(seeds, i, &size);
        g_autoptr(GByteArray) text = g_byte_array_new();
        g_byte_array_append(text, data, (guint)MIN(size, 20000));
        uint64_t damages = 1 + sim_rng_below(&rng, 4);
        for (uint64_t k = 0; k < damages; k++)
            mutate(text, seeds, &rng);
        fuzz_scenario(text->data, text->len);
    }
}

static CU_TestInfo tests[] = {
    {"every_seed_is_read_without_a_crash", every_seed_is_read_without_a_crash},
    {"damaged_seeds_are_read_without_a_crash", damaged_seeds_are_read_without_a_crash},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("fuzz_scenario", tests)
