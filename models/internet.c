#include "models/internet.h"

#include <inttypes.h>

/* A ring longer than this is named in part. */
#define RING_SHOWN 16

typedef enum RelationKind {
    RELATION_TRANSIT, /* first is the provider of second */
    RELATION_PEERING
} RelationKind;

typedef struct Relation {
    uint32_t first, second; /* ASN while being told, then network */
    RelationKind kind;
} Relation;

typedef struct Told {
    uint32_t asn;
    NetworkKind kind;
} Told;

typedef struct Home {
    uint32_t asn, metro; /* ASN while being told, then network */
    double users;
} Home;

struct InternetBuilder {
    GArray *networks;  /* Told */
    GArray *homes;     /* Home */
    GArray *relations; /* Relation, each pair once */
    GHashTable *pairs; /* both ASNs, lower first -> relation + 1; only looked up */
};

const char *
internet_kind_name(NetworkKind kind)
{
    static const char *const names[NETWORK_KINDS] = {"tier1", "transit", "content", "stub"};
    SIM_ASSERT(kind < NETWORK_KINDS);
    return names[kind];
}

/* ---- Telling ---- */

static guint
pair_hash(gconstpointer pair)
{
    return (guint)sim_mix64(*(const uint64_t *)pair);
}

static void
builder_init(InternetBuilder *builder)
{
    builder->networks = g_array_new(FALSE, FALSE, sizeof(Told));
    builder->homes = g_array_new(FALSE, FALSE, sizeof(Home));
    builder->relations = g_array_new(FALSE, FALSE, sizeof(Relation));
    builder->pairs = g_hash_table_new_full(pair_hash, g_int64_equal, g_free, NULL);
}

static void
builder_finish(InternetBuilder *builder)
{
    g_array_unref(builder->networks);
    g_array_unref(builder->homes);
    g_array_unref(builder->relations);
    g_hash_table_unref(builder->pairs);
}

InternetBuilder *
internet_builder_new(void)
{
    InternetBuilder *builder = g_new0(InternetBuilder, 1);
    builder_init(builder);
    return builder;
}

void
internet_builder_free(InternetBuilder *builder)
{
    if (!builder)
        return;
    builder_finish(builder);
    g_free(builder);
}

void
internet_builder_network(InternetBuilder *builder, uint32_t asn, NetworkKind kind)
{
    SIM_ASSERT(kind < NETWORK_KINDS);
    Told told = {.asn = asn, .kind = kind};
    g_array_append_val(builder->networks, told);
}

void
internet_builder_home(InternetBuilder *builder, uint32_t asn, uint32_t metro, double users)
{
    SIM_ASSERT(users >= 0);
    Home home = {.asn = asn, .metro = metro, .users = users};
    g_array_append_val(builder->homes, home);
}

static bool complain(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
complain(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, message);
    return false;
}

static bool
complain_conflict(const Relation *old, GError **error)
{
    if (old->kind == RELATION_PEERING)
        return complain(error,
                        "AS%" PRIu32 " and AS%" PRIu32
                        " are peers already: expected one relation for two networks",
                        old->first, old->second);
    return complain(error,
                    "AS%" PRIu32 " is a provider of AS%" PRIu32
                    " already: expected one relation for two networks",
                    old->first, old->second);
}

static bool
is_same(const Relation *old, const Relation *relation)
{
    if (old->kind != relation->kind)
        return false;
    return old->kind == RELATION_PEERING || old->first == relation->first;
}

static bool
add_relation(InternetBuilder *builder, const Relation *relation, GError **error)
{
    uint32_t a = MIN(relation->first, relation->second), b = MAX(relation->first, relation->second);
    if (a == b)
        return complain(error, "AS%" PRIu32 " has a relation with itself: expected two networks",
                        a);
    uint64_t pair = (uint64_t)a << 32 | b;
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(builder->pairs, &pair));
    if (known > 0) {
        const Relation *old = &g_array_index(builder->relations, Relation, known - 1);
        return is_same(old, relation) || complain_conflict(old, error);
    }
    if (builder->relations->len == INTERNET_RELATIONS_MAX)
        return complain(error, "too many relations: expected at most %d", INTERNET_RELATIONS_MAX);
    g_array_append_vals(builder->relations, relation, 1);
    g_hash_table_insert(builder->pairs, g_memdup2(&pair, sizeof pair),
                        GUINT_TO_POINTER(builder->relations->len));
    return true;
}

bool
internet_builder_transit(InternetBuilder *builder, uint32_t provider, uint32_t customer,
                         GError **error)
{
    Relation relation = {.first = provider, .second = customer, .kind = RELATION_TRANSIT};
    return add_relation(builder, &relation, error);
}

bool
internet_builder_peering(InternetBuilder *builder, uint32_t a, uint32_t b, GError **error)
{
    Relation relation = {.first = a, .second = b, .kind = RELATION_PEERING};
    return add_relation(builder, &relation, error);
}

/* ---- Networks ---- */

static int
by_number(const void *a, const void *b, void *unused)
{
    const uint32_t *i = a, *j = b;
    (void)unused;
    return *i < *j ? -1 : *i > *j;
}

/* Every ASN that was named in any way, ascending. */
static uint32_t *
named_networks(const InternetBuilder *builder, uint32_t *ret_n)
{
    const GArray *networks = builder->networks, *homes = builder->homes;
    const GArray *relations = builder->relations;
    size_t n = (size_t)networks->len + homes->len + 2 * (size_t)relations->len;
    uint32_t *asn = g_new(uint32_t, n);
    size_t at = 0;
    for (guint i = 0; i < networks->len; i++)
        asn[at++] = g_array_index(networks, Told, i).asn;
    for (guint i = 0; i < homes->len; i++)
        asn[at++] = g_array_index(homes, Home, i).asn;
    for (guint i = 0; i < relations->len; i++) {
        asn[at++] = g_array_index(relations, Relation, i).first;
        asn[at++] = g_array_index(relations, Relation, i).second;
    }
    SIM_ASSERT(n <= INT32_MAX);
    g_qsort_with_data(asn, (int)n, sizeof *asn, by_number, NULL);
    uint32_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (distinct == 0 || asn[distinct - 1] != asn[i])
            asn[distinct++] = asn[i];
    *ret_n = distinct;
    return asn;
}

uint32_t
internet_find(const Internet *internet, uint32_t asn)
{
    uint32_t low = 0, high = internet->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (internet->asn[middle] < asn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < internet->n && internet->asn[low] == asn ? low : SIM_NONE;
}

static bool
take_networks(Internet *internet, const InternetBuilder *builder, GError **error)
{
    if (builder->homes->len > INTERNET_HOMES_MAX)
        return complain(error, "%u homes: expected at most %d", builder->homes->len,
                        INTERNET_HOMES_MAX);
    internet->asn = named_networks(builder, &internet->n);
    if (internet->n == 0)
        return complain(error, "no networks: expected at least one");
    if (internet->n > INTERNET_NETWORKS_MAX)
        return complain(error, "%" PRIu32 " networks: expected at most %d", internet->n,
                        INTERNET_NETWORKS_MAX);
    return true;
}

/* ---- Relations ---- */

static void
rows_init(InternetRows *rows, uint32_t n, uint32_t n_list)
{
    rows->start = g_new0(uint32_t, (size_t)n + 1);
    rows->list = g_new(uint32_t, n_list);
}

/* From counts of row i in start[i + 1] to where each row begins. */
static void
rows_sum(InternetRows *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rows->start[i + 1] += rows->start[i];
}

/* The same pairs seen from the other side; each row ascends since the rows are read in order. */
static InternetRows
transposed(const InternetRows *rows, uint32_t n)
{
    InternetRows other;
    rows_init(&other, n, rows->start[n]);
    for (uint32_t k = 0; k < rows->start[n]; k++)
        other.start[rows->list[k] + 1]++;
    rows_sum(&other, n);
    g_autofree uint32_t *next = g_memdup2(other.start, n * sizeof *next);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = rows->start[i]; k < rows->start[i + 1]; k++)
            other.list[next[rows->list[k]]++] = i;
    return other;
}

static void
rows_finish(InternetRows *rows)
{
    g_free(rows->start);
    g_free(rows->list);
}

/* Rows of second by first; of peerings, of either by the other. */
static InternetRows
rows_of(const GArray *relations, RelationKind kind, uint32_t n)
{
    InternetRows rows;
    bool is_mutual = kind == RELATION_PEERING;
    const Relation *relation = (const Relation *)(void *)relations->data;
    rows.start = g_new0(uint32_t, (size_t)n + 1);
    for (guint i = 0; i < relations->len; i++)
        if (relation[i].kind == kind) {
            rows.start[relation[i].first + 1]++;
            rows.start[relation[i].second + 1] += is_mutual;
        }
    rows_sum(&rows, n);
    rows.list = g_new(uint32_t, rows.start[n]);
    g_autofree uint32_t *next = g_memdup2(rows.start, n * sizeof *next);
    for (guint i = 0; i < relations->len; i++)
        if (relation[i].kind == kind) {
            rows.list[next[relation[i].first]++] = relation[i].second;
            if (is_mutual)
                rows.list[next[relation[i].second]++] = relation[i].first;
        }
    return rows;
}

static void
take_relations(Internet *internet, const InternetBuilder *builder)
{
    for (guint i = 0; i < builder->relations->len; i++) {
        Relation *relation = &g_array_index(builder->relations, Relation, i);
        relation->first = internet_find(internet, relation->first);
        relation->second = internet_find(internet, relation->second);
    }
    InternetRows told = rows_of(builder->relations, RELATION_TRANSIT, internet->n);
    internet->providers = transposed(&told, internet->n);
    internet->customers = transposed(&internet->providers, internet->n);
    rows_finish(&told);
    told = rows_of(builder->relations, RELATION_PEERING, internet->n);
    internet->peers = transposed(&told, internet->n);
    rows_finish(&told);
    internet->n_customer_relations = internet->customers.start[internet->n];
    internet->n_peer_relations = internet->peers.start[internet->n] / 2;
}

/* ---- Rings ---- */

/* Takes networks away that have no customers, again and again; returns how many are left: those of
 * rings, and the providers above them. */
static uint32_t
peel(const Internet *internet, uint32_t *n_customers)
{
    g_autofree uint32_t *queue = g_new(uint32_t, internet->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < internet->n; i++) {
        n_customers[i] = internet_row_length(&internet->customers, i);
        if (n_customers[i] == 0)
            queue[n++] = i;
    }
    const InternetRows *providers = &internet->providers;
    for (uint32_t head = 0; head < n; head++)
        for (uint32_t k = providers->start[queue[head]]; k < providers->start[queue[head] + 1]; k++)
            if (--n_customers[providers->list[k]] == 0)
                queue[n++] = providers->list[k];
    return internet->n - n;
}

/* The first customer of the network that is left. */
static uint32_t
next_below(const Internet *internet, const uint32_t *n_customers, uint32_t network)
{
    const InternetRows *customers = &internet->customers;
    for (uint32_t k = customers->start[network]; k < customers->start[network + 1]; k++)
        if (n_customers[customers->list[k]] > 0)
            return customers->list[k];
    SIM_ASSERT(false);
    return SIM_NONE;
}

/* Somebody who is in a ring: each network that is left has a customer that is left, so that n steps
 * down end in one. */
static uint32_t
find_ring(const Internet *internet, const uint32_t *n_customers)
{
    uint32_t network = 0;
    while (n_customers[network] == 0)
        network++;
    for (uint32_t step = 0; step < internet->n; step++)
        network = next_below(internet, n_customers, network);
    return network;
}

/* From the lowest ASN of the ring, each the provider of the next. */
static bool
complain_ring(const Internet *internet, const uint32_t *n_customers, GError **error)
{
    uint32_t from = find_ring(internet, n_customers), lowest = from, n = 1;
    for (uint32_t i = next_below(internet, n_customers, from); i != from;
         i = next_below(internet, n_customers, i)) {
        lowest = MIN(lowest, i);
        n++;
    }
    g_autoptr(GString) names = g_string_new(NULL);
    uint32_t at = lowest;
    for (uint32_t i = 0; i < MIN(n, RING_SHOWN); i++) {
        g_string_append_printf(names, "AS%" PRIu32 " > ", internet->asn[at]);
        at = next_below(internet, n_customers, at);
    }
    if (n > RING_SHOWN)
        g_string_append_printf(names, "... (%" PRIu32 " networks) > ", n);
    return complain(
        error, "each is the provider of the next: %sAS%" PRIu32 ": expected no ring of providers",
        names->str, internet->asn[lowest]);
}

static bool
check_rings(const Internet *internet, GError **error)
{
    g_autofree uint32_t *n_customers = g_new(uint32_t, internet->n);
    return peel(internet, n_customers) == 0 || complain_ring(internet, n_customers, error);
}

/* ---- Kinds ---- */

static NetworkKind
inferred_kind(const Internet *internet, uint32_t i)
{
    if (internet_row_length(&internet->customers, i) == 0)
        return NETWORK_STUB;
    return internet_row_length(&internet->providers, i) == 0 ? NETWORK_TIER1 : NETWORK_TRANSIT;
}

/* In the order of telling, so that the latest counts. */
static void
take_kinds(Internet *internet, const InternetBuilder *builder)
{
    internet->kind = g_new(uint8_t, internet->n);
    for (uint32_t i = 0; i < internet->n; i++)
        internet->kind[i] = (uint8_t)inferred_kind(internet, i);
    for (guint i = 0; i < builder->networks->len; i++) {
        const Told *told = &g_array_index(builder->networks, Told, i);
        internet->kind[internet_find(internet, told->asn)] = (uint8_t)told->kind;
    }
}

/* ---- Places ---- */

static int
by_network_then_metro(const void *a, const void *b, void *unused)
{
    const Home *i = a, *j = b;
    (void)unused;
    if (i->asn != j->asn)
        return i->asn < j->asn ? -1 : 1;
    if (i->metro != j->metro)
        return i->metro < j->metro ? -1 : 1;
    return i->users < j->users ? -1 : i->users > j->users;
}

static void
add_place(Internet *internet, uint32_t network, const Home *home)
{
    uint32_t last = internet->n_places - 1;
    if (internet->n_places > 0 && internet->network[last] == network &&
        internet->home[last] == home->metro) {
        internet->users[last] += home->users;
        return;
    }
    internet->network[internet->n_places] = network;
    internet->home[internet->n_places] = home->metro;
    internet->users[internet->n_places] = home->users;
    internet->n_places++;
}

/* Homes told twice are one; users are added in ascending order, whatever the order of telling. */
static void
take_places(Internet *internet, const InternetBuilder *builder)
{
    GArray *homes = builder->homes;
    for (guint i = 0; i < homes->len; i++) {
        Home *home = &g_array_index(homes, Home, i);
        home->asn = internet_find(internet, home->asn);
    }
    if (homes->len > 0)
        g_qsort_with_data(homes->data, (int)homes->len, sizeof(Home), by_network_then_metro, NULL);
    size_t n_max = (size_t)homes->len + internet->n;
    internet->place_start = g_new0(uint32_t, (size_t)internet->n + 1);
    internet->network = g_new(uint32_t, n_max);
    internet->home = g_new(uint32_t, n_max);
    internet->users = g_new(double, n_max);
    guint at = 0;
    for (uint32_t i = 0; i < internet->n; i++) {
        for (; at < homes->len && g_array_index(homes, Home, at).asn == i; at++)
            add_place(internet, i, &g_array_index(homes, Home, at));
        if (internet->n_places == internet->place_start[i])
            add_place(internet, i, &(Home){.metro = 0, .users = 0});
        internet->place_start[i + 1] = internet->n_places;
    }
}

/* ---- The whole ---- */

Internet *
internet_builder_finish(InternetBuilder *builder, GError **error)
{
    g_autoptr(Internet) internet = g_new0(Internet, 1);
    bool is_good = take_networks(internet, builder, error);
    if (is_good) {
        take_relations(internet, builder);
        is_good = check_rings(internet, error);
    }
    if (is_good) {
        take_kinds(internet, builder);
        take_places(internet, builder);
    }
    builder_finish(builder);
    builder_init(builder);
    return is_good ? g_steal_pointer(&internet) : NULL;
}

void
internet_free(Internet *internet)
{
    if (!internet)
        return;
    g_free(internet->asn);
    g_free(internet->kind);
    rows_finish(&internet->providers);
    rows_finish(&internet->customers);
    rows_finish(&internet->peers);
    g_free(internet->place_start);
    g_free(internet->network);
    g_free(internet->home);
    g_free(internet->users);
    g_free(internet);
}
