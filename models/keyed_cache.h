/*
 * keyed_cache.h - caches with keys, object by object: one table of operations, five policies.
 *
 *   lru       a hit moves the object to the front; the last is evicted
 *   fifo      hits move nothing; the oldest is evicted
 *   clock     one bit, set by a hit; the hand gives a second chance
 *   sieve     one bit; the hand walks from the oldest to the newest and stays where it evicts,
 *             new objects enter at the head (Zhang and others, NSDI 2024)
 *   s3-fifo   a small queue of 10 %, a main queue, a ghost queue as long as main; two bits (Yang
 *             and others, SOSP 2023); an object goes on to main with two hits, counted anew there,
 *             or when it is asked for as a ghost
 *
 * Keys are dense ids below `ids`, looked up in a table of their own (dense), or any 64-bit number,
 * found by hashing into 32-bit slots and chains (hashed).  Objects are rows of columns with 32-bit
 * links.  All memory is taken when the cache is made; an access allocates nothing.
 *
 * With a time to live an object that came in longer ago is a miss and comes in anew; the clock is
 * the caller's.  Hits do not renew it; it keeps its place until it is asked for or evicted.
 * Capacity counts objects; every object has size 1.
 *
 * Left out: sizes in bytes, admission by frequency, disks behind memory.
 */
#pragma once

#include "sim/arena.h"

typedef enum CachePolicyKind {
    CACHE_LRU,
    CACHE_FIFO,
    CACHE_CLOCK,
    CACHE_SIEVE,
    CACHE_S3_FIFO,
    CACHE_POLICY_COUNT
} CachePolicyKind;
extern const char *const cache_policy_names[CACHE_POLICY_COUNT + 1]; /* NULL-terminated */

typedef struct KeyedCache KeyedCache;

typedef struct KeyedCacheOptions {
    CachePolicyKind policy;
    uint32_t capacity; /* objects, at least 1 */
    uint64_t ids;      /* > 0: keys are below it, dense; 0: hashed */
    SimTime ttl;       /* 0: never */
} KeyedCacheOptions;

KeyedCache *keyed_cache_new(SimArena *arena, const KeyedCacheOptions *options);
/* Looks the key up and counts as a use of it; true: a hit. */
bool keyed_cache_get(KeyedCache *cache, uint64_t key, SimTime now);
/* Puts a key in that was missed (no change when it is there by now); evicts as needed. */
void keyed_cache_put(KeyedCache *cache, uint64_t key, SimTime now);
/* get, and put on a miss: what a cache without a slow origin does. */
bool keyed_cache_access(KeyedCache *cache, uint64_t key, SimTime now);
/* Fetches ahead of time what looking the key up will read; for who knows his next requests. */
void keyed_cache_prefetch(const KeyedCache *cache, uint64_t key);
/* Keeps each object with the probability `kept`, by a hash of key and salt: a restart or flush. */
void keyed_cache_keep(KeyedCache *cache, double kept, uint64_t salt);
uint32_t keyed_cache_size(const KeyedCache *cache);
uint32_t keyed_cache_capacity(const KeyedCache *cache);
/* Bytes that a cache of these options takes. */
size_t keyed_cache_bytes(const KeyedCacheOptions *options);
void keyed_cache_verify(const KeyedCache *cache);
