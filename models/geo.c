#include "models/geo.h"

#include "models/csv.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

#define EARTH_RADIUS_KM 6371.0088
#define PI 3.14159265358979323846
/* More than there are people. */
#define USERS_MAX 1e11

/* Made from models/data by embed.py. */
extern const unsigned char geo_data_pops[], geo_data_metros[], geo_data_countries[];
extern const size_t geo_data_pops_length, geo_data_metros_length, geo_data_countries_length;

static const char *const region_names[GEO_REGIONS] = {
    "north-america", "south-america", "europe", "africa", "middle-east", "asia", "oceania",
};

/* What the loader needs besides the file in hand. */
typedef struct Loader {
    const Csv *countries;
    const GeoMetros *reference; /* the built-in metros, or NULL while those are being loaded */
    uint32_t n_reference;
    GStringChunk *text;
} Loader;

/* ---- Geometry ---- */

typedef struct Vector {
    double x, y, z;
} Vector;

static Vector
unit_vector(double latitude, double longitude)
{
    double phi = latitude * (PI / 180), lambda = longitude * (PI / 180);
    double cosine = sim_cos(phi);
    return (Vector){cosine * sim_cos(lambda), cosine * sim_sin(lambda), sim_sin(phi)};
}

static Vector
position(const GeoPlaces *at, uint32_t i)
{
    return (Vector){at->x[i], at->y[i], at->z[i]};
}

static double
chord_squared(Vector a, Vector b)
{
    double x = a.x - b.x, y = a.y - b.y, z = a.z - b.z;
    return x * x + y * y + z * z;
}

/* The power series of arcsine; below one half each term is under a quarter of the one before. */
static double
arcsine_series(double x)
{
    double power = x, sum = x;
    for (int k = 1; k < 28; k++) {
        power *= x * x * (2 * k - 1) / (2 * k);
        sum += power / (2 * k + 1);
    }
    return sum;
}

/* For 0 <= x <= 1; the upper half through asin x = pi/2 - 2 asin sqrt((1 - x) / 2). */
static double
arcsine(double x)
{
    if (x <= 0.5)
        return arcsine_series(x);
    return PI / 2 - 2 * arcsine_series(sqrt((1 - x) / 2));
}

static double
arc_km(Vector a, Vector b)
{
    double half = sqrt(chord_squared(a, b)) / 2;
    return 2 * EARTH_RADIUS_KM * arcsine(half < 1 ? half : 1);
}

double
geo_distance_km(double latitude_1, double longitude_1, double latitude_2, double longitude_2)
{
    return arc_km(unit_vector(latitude_1, longitude_1), unit_vector(latitude_2, longitude_2));
}

double
geo_metro_pop_km(const Geo *geo, uint32_t metro, uint32_t pop)
{
    SIM_ASSERT(metro < geo->n_metros);
    SIM_ASSERT(pop < geo->n_pops);
    return arc_km(position(&geo->metros.at, metro), position(&geo->pops.at, pop));
}

double
geo_pop_pop_km(const Geo *geo, uint32_t a, uint32_t b)
{
    SIM_ASSERT(a < geo->n_pops);
    SIM_ASSERT(b < geo->n_pops);
    return arc_km(position(&geo->pops.at, a), position(&geo->pops.at, b));
}

/* The place nearest to from among those that are up, the lower id on a tie. */
static uint32_t
nearest_place(const GeoPlaces *at, uint32_t n, const bool *up, Vector from)
{
    uint32_t best = SIM_NONE;
    double best_chord = INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        double chord = chord_squared(from, position(at, i));
        if (chord < best_chord && (!up || up[i])) {
            best_chord = chord;
            best = i;
        }
    }
    return best;
}

void
geo_nearest(const Geo *geo, const bool *pop_up, uint32_t *ret_pop_of_metro)
{
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        ret_pop_of_metro[metro] =
            nearest_place(&geo->pops.at, geo->n_pops, pop_up, position(&geo->metros.at, metro));
}

/* Insertion into the list so far: most PoPs are farther than its last and cost one comparison. */
uint32_t
geo_nearest_k(const Geo *geo, const bool *pop_up, uint32_t metro, uint32_t k, uint32_t *ret_pops)
{
    SIM_ASSERT(metro < geo->n_metros);
    Vector from = position(&geo->metros.at, metro);
    uint32_t n = 0;
    for (uint32_t pop = 0; pop < geo->n_pops && k > 0; pop++) {
        if (pop_up && !pop_up[pop])
            continue;
        double chord = chord_squared(from, position(&geo->pops.at, pop));
        if (n == k && chord >= chord_squared(from, position(&geo->pops.at, ret_pops[n - 1])))
            continue;
        uint32_t slot = n < k ? n++ : n - 1;
        for (; slot > 0; slot--) {
            if (chord_squared(from, position(&geo->pops.at, ret_pops[slot - 1])) <= chord)
                break;
            ret_pops[slot] = ret_pops[slot - 1];
        }
        ret_pops[slot] = pop;
    }
    return n;
}

/* ---- Regions and countries ---- */

static bool
is_same_word(const char *given, const char *name)
{
    for (; *given && *name; given++, name++) {
        char c = *given == ' ' || *given == '_' ? '-' : g_ascii_tolower(*given);
        if (c != *name)
            return false;
    }
    return *given == *name;
}

uint32_t
geo_region_find(const char *name)
{
    for (uint32_t region = 0; region < GEO_REGIONS; region++)
        if (is_same_word(name, region_names[region]))
            return region;
    return SIM_NONE;
}

const char *
geo_region_name(uint32_t region)
{
    SIM_ASSERT(region < GEO_REGIONS);
    return region_names[region];
}

static uint32_t
country_region(const Csv *countries, const char *country)
{
    uint32_t code = csv_column(countries, "code"), region = csv_column(countries, "region");
    for (uint32_t row = 0; row < countries->n_rows; row++)
        if (strcmp(csv_cell(countries, row, code), country) == 0)
            return geo_region_find(csv_cell(countries, row, region));
    return SIM_NONE;
}

uint32_t
geo_pop_find(const Geo *geo, const char *code)
{
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        if (strcmp(geo->pops.code[pop], code) == 0)
            return pop;
    return SIM_NONE;
}

/* ---- Loading ---- */

/* The column of that name or of its alias, if any. */
static uint32_t
column_of(const Csv *csv, const char *name, const char *alias)
{
    uint32_t column = csv_column(csv, name);
    return column == SIM_NONE && alias ? csv_column(csv, alias) : column;
}

static bool
require_column(const Csv *csv, const char *name, const char *alias, const char *expected,
               uint32_t *ret, GError **error)
{
    *ret = column_of(csv, name, alias);
    if (*ret == SIM_NONE)
        return csv_complain(csv, SIM_NONE, error, "no column '%s': expected %s", name, expected);
    return true;
}

static bool
read_country(const Csv *csv, uint32_t row, const char *text, char *ret_country, GError **error)
{
    if (!*text) {
        ret_country[0] = '\0';
        return true;
    }
    if (strlen(text) != 2 || !g_ascii_isalpha(text[0]) || !g_ascii_isalpha(text[1]))
        return csv_complain(csv, row, error,
                            "country '%.40s': expected two letters of ISO 3166, such as 'US'",
                            text);
    for (int i = 0; i < 2; i++)
        ret_country[i] = g_ascii_toupper(text[i]);
    ret_country[2] = '\0';
    return true;
}

static bool
read_region(const Csv *csv, uint32_t row, const char *text, const Loader *loader,
            const GeoPlaces *at, uint32_t *ret_region, GError **error)
{
    const char *country = at->country[row];
    uint32_t region = SIM_NONE;
    if (*text)
        region = geo_region_find(text);
    else if (*country)
        region = country_region(loader->countries, country);
    else if (loader->reference)
        region = loader->reference->at.region[nearest_place(
            &loader->reference->at, loader->n_reference, NULL, position(at, row))];
    if (region != SIM_NONE) {
        *ret_region = region;
        return true;
    }
    if (!*text)
        return csv_complain(csv, row, error,
                            "country '%s' is not known: expected an ISO 3166 code, or a region",
                            country);
    g_autofree char *names =
        g_strjoinv(", ", (char **)(const char *[]){
                             region_names[0], region_names[1], region_names[2], region_names[3],
                             region_names[4], region_names[5], region_names[6], NULL});
    return csv_complain(csv, row, error, "region '%.40s' is not known: expected one of %s", text,
                        names);
}

static bool
read_places(const Csv *csv, const char *expected, const Loader *loader, GeoPlaces *at,
            GError **error)
{
    uint32_t latitude, longitude;
    if (!require_column(csv, "latitude", "lat", expected, &latitude, error))
        return false;
    if (csv_column(csv, "longitude") == SIM_NONE && csv_column(csv, "lng") != SIM_NONE)
        longitude = csv_column(csv, "lng");
    else if (!require_column(csv, "longitude", "lon", expected, &longitude, error))
        return false;
    uint32_t country = column_of(csv, "country", "cc"), region = csv_column(csv, "region");
    for (uint32_t row = 0; row < csv->n_rows; row++) {
        if (!csv_number(csv, row, latitude, -90, 90, NAN, &at->latitude[row], error) ||
            !csv_number(csv, row, longitude, -180, 180, NAN, &at->longitude[row], error) ||
            !read_country(csv, row, csv_cell(csv, row, country), at->country[row], error))
            return false;
        Vector vector = unit_vector(at->latitude[row], at->longitude[row]);
        at->x[row] = vector.x;
        at->y[row] = vector.y;
        at->z[row] = vector.z;
        if (!read_region(csv, row, csv_cell(csv, row, region), loader, at, &at->region[row], error))
            return false;
    }
    return true;
}

static void
places_init(GeoPlaces *at, uint32_t n)
{
    at->country = g_malloc0_n(n, sizeof *at->country);
    at->region = g_new0(uint32_t, n);
    at->latitude = g_new0(double, n);
    at->longitude = g_new0(double, n);
    at->x = g_new0(double, n);
    at->y = g_new0(double, n);
    at->z = g_new0(double, n);
}

static void
places_finish(GeoPlaces *at)
{
    g_free(at->country);
    g_free(at->region);
    g_free(at->latitude);
    g_free(at->longitude);
    g_free(at->x);
    g_free(at->y);
    g_free(at->z);
}

static void
metros_init(GeoMetros *metros, uint32_t n)
{
    places_init(&metros->at, n);
    metros->name = g_new0(const char *, n);
    metros->users = g_new0(double, n);
    metros->requests_per_user = g_new0(double, n);
    metros->traffic = g_new0(double, n);
}

static void
metros_finish(GeoMetros *metros)
{
    places_finish(&metros->at);
    g_free(metros->name);
    g_free(metros->users);
    g_free(metros->requests_per_user);
    g_free(metros->traffic);
}

/* Demand comes as users, as traffic, or as both. */
static bool
read_demand(const Csv *csv, GeoMetros *metros, GError **error)
{
    uint32_t users = csv_column(csv, "users"), traffic = csv_column(csv, "traffic");
    uint32_t requests = csv_column(csv, "requests_per_user");
    double sum = 0;
    for (uint32_t row = 0; row < csv->n_rows; row++) {
        double given;
        if (!csv_number(csv, row, users, 0, USERS_MAX, users == SIM_NONE ? -1 : NAN, &given,
                        error) ||
            !csv_number(csv, row, requests, 0, 1e6, 1, &metros->requests_per_user[row], error) ||
            !csv_number(csv, row, traffic, 0, 1e15,
                        users == SIM_NONE ? NAN : given * metros->requests_per_user[row],
                        &metros->traffic[row], error))
            return false;
        metros->users[row] = given < 0 ? metros->traffic[row] : given;
        sum += metros->traffic[row];
    }
    return sum > 0 || csv_complain(csv, SIM_NONE, error,
                                   "no metro has any traffic: expected at least one above zero");
}

static bool
read_metros(const Csv *csv, const Loader *loader, GeoMetros *metros, GError **error)
{
    const char *expected = "name, latitude, longitude, and users or traffic";
    uint32_t name, demand;
    if (!require_column(csv, "name", "city", expected, &name, error) ||
        !require_column(csv, "users", "traffic", expected, &demand, error) ||
        !read_places(csv, expected, loader, &metros->at, error) || !read_demand(csv, metros, error))
        return false;
    for (uint32_t row = 0; row < csv->n_rows; row++)
        metros->name[row] = g_string_chunk_insert(loader->text, csv_cell(csv, row, name));
    return true;
}

/* Codes name PoPs in scenarios, so they are single words. */
static bool
is_code(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 24 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               length;
}

static bool
read_codes(const Csv *csv, uint32_t column, const Loader *loader, GeoPops *pops, GError **error)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t row = 0; row < csv->n_rows; row++) {
        const char *code = csv_cell(csv, row, column);
        if (!is_code(code))
            return csv_complain(csv, row, error,
                                "code '%.40s': expected 1 to 24 letters, digits, '-' or '_'", code);
        void *earlier = g_hash_table_lookup(first, code);
        if (earlier)
            return csv_complain(csv, row, error,
                                "code '%s' is taken by line %u: expected each code once", code,
                                GPOINTER_TO_UINT(earlier));
        g_hash_table_insert(first, (char *)code, GUINT_TO_POINTER(csv->lines[row]));
        pops->code[row] = g_string_chunk_insert(loader->text, code);
    }
    return true;
}

static bool
read_pops(const Csv *csv, const Loader *loader, GeoPops *pops, GError **error)
{
    const char *expected = "code, latitude, longitude";
    uint32_t code, city = column_of(csv, "city", "name");
    uint32_t capacity = csv_column(csv, "capacity"), weight = csv_column(csv, "weight");
    if (!require_column(csv, "code", "iata", expected, &code, error) ||
        !read_codes(csv, code, loader, pops, error) ||
        !read_places(csv, expected, loader, &pops->at, error))
        return false;
    for (uint32_t row = 0; row < csv->n_rows; row++) {
        pops->city[row] = g_string_chunk_insert(loader->text, csv_cell(csv, row, city));
        if (!csv_number(csv, row, capacity, 0, 1e9, 0, &pops->capacity[row], error) ||
            !csv_number(csv, row, weight, 0, 1e12, 1, &pops->weight[row], error))
            return false;
    }
    return true;
}

static void
pops_init(GeoPops *pops, uint32_t n)
{
    places_init(&pops->at, n);
    pops->code = g_new0(const char *, n);
    pops->city = g_new0(const char *, n);
    pops->capacity = g_new0(double, n);
    pops->weight = g_new0(double, n);
}

static void
pops_finish(GeoPops *pops)
{
    places_finish(&pops->at);
    g_free(pops->code);
    g_free(pops->city);
    g_free(pops->capacity);
    g_free(pops->weight);
}

static bool
load_built_in(const char *name, const unsigned char *data, size_t length, Csv **ret, GError **error)
{
    return csv_parse(name, (const char *)data, length, GEO_METROS_MAX, ret, error);
}

/* Replaces the metros that geo has, which serve as reference for the regions of the new ones. */
static bool
replace_metros(Geo *geo, const char *path, const Csv *countries, GError **error)
{
    g_autoptr(Csv) csv = NULL;
    if (!csv_load(path, GEO_METROS_MAX, &csv, error))
        return false;
    GeoMetros reference = geo->metros;
    Loader loader = {countries, &reference, geo->n_metros, geo->text};
    metros_init(&geo->metros, csv->n_rows);
    geo->n_metros = csv->n_rows;
    bool ok = read_metros(csv, &loader, &geo->metros, error);
    metros_finish(&reference);
    return ok;
}

static bool
load_built_in_metros(Geo *geo, const Csv *countries, GError **error)
{
    g_autoptr(Csv) csv = NULL;
    if (!load_built_in("(built-in)/metros.csv", geo_data_metros, geo_data_metros_length, &csv,
                       error))
        return false;
    Loader loader = {.countries = countries, .text = geo->text};
    metros_init(&geo->metros, csv->n_rows);
    geo->n_metros = csv->n_rows;
    return read_metros(csv, &loader, &geo->metros, error);
}

static bool
load_pops(Geo *geo, const char *path, const Csv *countries, GError **error)
{
    g_autoptr(Csv) csv = NULL;
    if (path ? !csv_load(path, GEO_POPS_MAX, &csv, error)
             : !load_built_in("(built-in)/pops.csv", geo_data_pops, geo_data_pops_length, &csv,
                              error))
        return false;
    Loader loader = {countries, &geo->metros, geo->n_metros, geo->text};
    pops_init(&geo->pops, csv->n_rows);
    geo->n_pops = csv->n_rows;
    return read_pops(csv, &loader, &geo->pops, error);
}

/* PoPs before a team's metros, so that both take missing regions from the built-in world. */
bool
geo_load(const char *pops_path, const char *metros_path, Geo **ret, GError **error)
{
    g_autoptr(Csv) countries = NULL;
    if (!load_built_in("(built-in)/countries.csv", geo_data_countries, geo_data_countries_length,
                       &countries, error))
        return false;
    g_autoptr(Geo) geo = g_new0(Geo, 1);
    geo->n_regions = GEO_REGIONS;
    geo->text = g_string_chunk_new(16384);
    if (!load_built_in_metros(geo, countries, error) ||
        !load_pops(geo, pops_path, countries, error) ||
        (metros_path && !replace_metros(geo, metros_path, countries, error)))
        return false;
    *ret = g_steal_pointer(&geo);
    return true;
}

void
geo_free(Geo *geo)
{
    if (!geo)
        return;
    metros_finish(&geo->metros);
    pops_finish(&geo->pops);
    g_string_chunk_free(geo->text);
    g_free(geo);
}

/* ---- Traffic, and a smaller network ---- */

void
geo_pop_traffic(const Geo *geo, const uint32_t *pop_of_metro, double *ret_traffic)
{
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        ret_traffic[pop] = 0;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        if (pop_of_metro[metro] != SIM_NONE) {
            SIM_ASSERT(pop_of_metro[metro] < geo->n_pops);
            ret_traffic[pop_of_metro[metro]] += geo->metros.traffic[metro];
        }
}

static int
by_traffic_then_id(const void *a, const void *b, void *traffic_of_pop)
{
    const uint32_t *i = a, *j = b;
    const double *traffic = traffic_of_pop;
    if (traffic[*i] != traffic[*j])
        return traffic[*i] > traffic[*j] ? -1 : 1;
    return *i < *j ? -1 : *i > *j;
}

/* Which PoPs are among the n busiest. */
static bool *
mark_busiest(const Geo *geo, uint32_t n)
{
    g_autofree uint32_t *pop_of_metro = g_new(uint32_t, geo->n_metros);
    g_autofree double *traffic = g_new(double, geo->n_pops);
    g_autofree uint32_t *order = g_new(uint32_t, geo->n_pops);
    geo_nearest(geo, NULL, pop_of_metro);
    geo_pop_traffic(geo, pop_of_metro, traffic);
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        order[pop] = pop;
    g_qsort_with_data(order, (int)geo->n_pops, sizeof *order, by_traffic_then_id, traffic);
    bool *keep = g_new0(bool, geo->n_pops);
    for (uint32_t i = 0; i < n; i++)
        keep[order[i]] = true;
    return keep;
}

static void
copy_place(GeoPlaces *to, uint32_t i, const GeoPlaces *from, uint32_t j)
{
    memcpy(to->country[i], from->country[j], sizeof to->country[i]);
    to->region[i] = from->region[j];
    to->latitude[i] = from->latitude[j];
    to->longitude[i] = from->longitude[j];
    to->x[i] = from->x[j];
    to->y[i] = from->y[j];
    to->z[i] = from->z[j];
}

static void
copy_metros(Geo *to, const Geo *from)
{
    to->n_metros = from->n_metros;
    metros_init(&to->metros, to->n_metros);
    for (uint32_t metro = 0; metro < to->n_metros; metro++) {
        copy_place(&to->metros.at, metro, &from->metros.at, metro);
        to->metros.name[metro] = g_string_chunk_insert(to->text, from->metros.name[metro]);
        to->metros.users[metro] = from->metros.users[metro];
        to->metros.requests_per_user[metro] = from->metros.requests_per_user[metro];
        to->metros.traffic[metro] = from->metros.traffic[metro];
    }
}

static void
copy_pop(Geo *to, uint32_t i, const Geo *from, uint32_t j)
{
    copy_place(&to->pops.at, i, &from->pops.at, j);
    to->pops.code[i] = g_string_chunk_insert(to->text, from->pops.code[j]);
    to->pops.city[i] = g_string_chunk_insert(to->text, from->pops.city[j]);
    to->pops.capacity[i] = from->pops.capacity[j];
    to->pops.weight[i] = from->pops.weight[j];
}

Geo *
geo_busiest(const Geo *geo, uint32_t n)
{
    if (n == 0 || n > geo->n_pops)
        n = geo->n_pops;
    g_autofree bool *keep = mark_busiest(geo, n);
    Geo *copy = g_new0(Geo, 1);
    copy->n_regions = geo->n_regions;
    copy->text = g_string_chunk_new(16384);
    copy_metros(copy, geo);
    pops_init(&copy->pops, n);
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        if (keep[pop])
            copy_pop(copy, copy->n_pops++, geo, pop);
    return copy;
}
