#include "sim/arena.h"

#include "tests/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
blocks_are_zeroed_aligned_and_apart(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 20);
    unsigned char *last = NULL;
    for (size_t size = 1; size < 300; size += 7) {
        unsigned char *block = sim_arena_alloc(arena, 3, size);
        CHECK_INT((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < 3 * size; i++)
            CHECK(block[i] == 0);
        memset(block, 0xff, 3 * size);
        CHECK(block > last);
        last = block;
    }
    CHECK(sim_arena_alloc(arena, 0, 8) != NULL);
    CHECK_STR(sim_arena_strdup(arena, "pop/AMS"), "pop/AMS");
    CHECK(sim_arena_strdup(arena, NULL) == NULL);
}

static void
a_snapshot_brings_back_contents_and_size(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(8 << 20);
    uint64_t *kept = SIM_ARENA_NEW(arena, uint64_t, 1000);
    uint64_t **pointer = SIM_ARENA_NEW(arena, uint64_t *, 1);
    *pointer = &kept[500];
    kept[500] = 42;
    size_t used = sim_arena_used(arena);
    g_autoptr(SimSnapshot) snapshot = sim_arena_snapshot(arena);
    CHECK_INT(sim_snapshot_size(snapshot), used);

    for (int round = 0; round < 2; round++) {
        kept[500] = 7;
        *pointer = NULL;
        uint64_t *later = SIM_ARENA_NEW(arena, uint64_t, 100000);
        memset(later, 0xff, 100000 * sizeof *later);
        sim_arena_restore(arena, snapshot);
        CHECK_INT(sim_arena_used(arena), used);
        CHECK(*pointer == &kept[500] && **pointer == 42);
        for (size_t i = 0; i < 100000; i++)
            if (!CHECK(later[i] == 0))
                break;
    }
}

/* The exit status of a child that runs the function: 128 + signal if it died of one. */
static int
status_of(void (*function)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        function();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void
allocate_too_much(void)
{
    SimArena *arena = sim_arena_new(1 << 20);
    sim_arena_alloc(arena, 1, 2 << 20);
}

static void
allocate_an_overflow(void)
{
    SimArena *arena = sim_arena_new(1 << 20);
    sim_arena_alloc(arena, SIZE_MAX / 8 + 2, 8);
}

static void
a_full_arena_ends_the_process(void)
{
    CHECK_INT(status_of(allocate_too_much), 128 + SIGABRT);
    CHECK_INT(status_of(allocate_an_overflow), 128 + SIGABRT);
}

/* Which needs terabytes of address space itself. */
#if defined(__has_feature)
#define HAS_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#else
#define HAS_ADDRESS_SANITIZER 0
#endif

static void
reserve_under_a_limit(void)
{
    struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    setrlimit(RLIMIT_AS, &limit);
    SimArena *arena = sim_arena_new((size_t)64 << 30);
    memset(sim_arena_alloc(arena, 1, 1 << 20), 1, 1 << 20);
    _exit(17);
}

static void
a_refused_reserve_is_halved_until_it_fits(void)
{
    if (!HAS_ADDRESS_SANITIZER)
        CHECK_INT(status_of(reserve_under_a_limit), 17);
}

static CU_TestInfo tests[] = {
    {"blocks_are_zeroed_aligned_and_apart", blocks_are_zeroed_aligned_and_apart},
    {"a_snapshot_brings_back_contents_and_size", a_snapshot_brings_back_contents_and_size},
    {"a_full_arena_ends_the_process", a_full_arena_ends_the_process},
    {"a_refused_reserve_is_halved_until_it_fits", a_refused_reserve_is_halved_until_it_fits},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("arena", tests)
