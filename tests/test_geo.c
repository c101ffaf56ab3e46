#include "models/geo.h"
#include "tests/harness.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Geo *
built_in(void)
{
    Geo *geo = NULL;
    g_autoptr(GError) error = NULL;
    if (!geo_load(NULL, NULL, &geo, &error))
        CHECK_STR(error->message, "");
    return geo;
}

/* A file of that text, removed by drop. */
static char *
write_file(const char *text)
{
    char *path = NULL;
    int file = g_file_open_tmp("geo-XXXXXX.csv", &path, NULL);
    CHECK(file >= 0);
    CHECK_INT(write(file, text, strlen(text)), strlen(text));
    close(file);
    return path;
}

static void
drop(char *path)
{
    g_unlink(path);
    g_free(path);
}

static double
haversine_km(double latitude_1, double longitude_1, double latitude_2, double longitude_2)
{
    double degree = acos(-1.0) / 180;
    double s = sin((latitude_2 - latitude_1) * degree / 2);
    double t = sin((longitude_2 - longitude_1) * degree / 2);
    double h = s * s + cos(latitude_1 * degree) * cos(latitude_2 * degree) * t * t;
    return 2 * 6371.0088 * asin(sqrt(h < 1 ? h : 1));
}

static void
distance_agrees_with_haversine(void)
{
    CHECK_NEAR(geo_distance_km(52.37, 4.89, 51.51, -0.13), 357.078, 0.001);
    CHECK_NEAR(geo_distance_km(0, 0, 0, 180), acos(-1.0) * 6371.0088, 1e-4);
    CHECK_NEAR(geo_distance_km(90, 0, -90, 77), acos(-1.0) * 6371.0088, 1e-4);
    CHECK_NEAR(geo_distance_km(12.5, 179.9, 12.5, 179.9), 0, 0);
    for (int i = -90; i <= 90; i += 7)
        for (int j = -180; j <= 180; j += 11)
            CHECK_NEAR(geo_distance_km(48.2, 16.37, i, j), haversine_km(48.2, 16.37, i, j), 1e-6);
}

static uint32_t
nearest_by_haversine(const Geo *geo, const bool *up, uint32_t metro)
{
    uint32_t best = SIM_NONE;
    double best_km = INFINITY;
    for (uint32_t pop = 0; pop < geo->n_pops; pop++) {
        double km = haversine_km(geo->metros.at.latitude[metro], geo->metros.at.longitude[metro],
                                 geo->pops.at.latitude[pop], geo->pops.at.longitude[pop]);
        if (up[pop] && km < best_km) {
            best = pop;
            best_km = km;
        }
    }
    return best;
}

static void
nearest_agrees_with_brute_force(void)
{
    g_autoptr(Geo) geo = built_in();
    g_autofree bool *up = g_new0(bool, geo->n_pops);
    g_autofree uint32_t *got = g_new0(uint32_t, geo->n_metros);
    for (uint32_t stride = 1; stride <= 7; stride += 2) {
        for (uint32_t pop = 0; pop < geo->n_pops; pop++)
            up[pop] = pop % stride == 0;
        geo_nearest(geo, up, got);
        uint32_t different = 0;
        for (uint32_t metro = 0; metro < geo->n_metros; metro++)
            different += got[metro] != nearest_by_haversine(geo, up, metro);
        CHECK_INT(different, 0);
    }
}

static void
nobody_is_nearest_when_all_are_down(void)
{
    g_autoptr(Geo) geo = built_in();
    g_autofree bool *up = g_new0(bool, geo->n_pops);
    g_autofree uint32_t *got = g_new0(uint32_t, geo->n_metros);
    geo_nearest(geo, up, got);
    CHECK_INT(got[0], SIM_NONE);
    uint32_t pops[3];
    CHECK_INT(geo_nearest_k(geo, up, 0, 3, pops), 0);
    CHECK_INT(geo_nearest_k(geo, NULL, 0, 0, pops), 0);
}

static void
k_nearest_are_in_order_and_complete(void)
{
    g_autoptr(Geo) geo = built_in();
    g_autofree uint32_t *nearest = g_new0(uint32_t, geo->n_metros);
    g_autofree uint32_t *all = g_new0(uint32_t, geo->n_pops);
    geo_nearest(geo, NULL, nearest);
    for (uint32_t metro = 0; metro < geo->n_metros; metro += 37) {
        uint32_t first[4];
        CHECK_INT(geo_nearest_k(geo, NULL, metro, 4, first), 4);
        CHECK_INT(geo_nearest_k(geo, NULL, metro, geo->n_pops, all), geo->n_pops);
        CHECK_INT(first[0], nearest[metro]);
        CHECK(memcmp(first, all, sizeof first) == 0);
        for (uint32_t i = 1; i < geo->n_pops; i++)
            CHECK(geo_metro_pop_km(geo, metro, all[i - 1]) <= geo_metro_pop_km(geo, metro, all[i]));
    }
}

static void
a_tie_goes_to_the_lower_id(void)
{
    char *pops = write_file("code,latitude,longitude\nB,10,20\nA,10,20\nC,10,20\n");
    g_autoptr(Geo) geo = NULL;
    g_autofree uint32_t *got = g_new0(uint32_t, 1500);
    const bool up[] = {false, true, true};
    CHECK(geo_load(pops, NULL, &geo, NULL));
    geo_nearest(geo, NULL, got);
    CHECK_INT(got[5], 0);
    geo_nearest(geo, up, got);
    CHECK_INT(got[5], 1);
    uint32_t three[3];
    geo_nearest_k(geo, NULL, 7, 3, three);
    CHECK_INT(three[0] * 100 + three[1] * 10 + three[2], 12);
    drop(pops);
}

static void
the_busiest_pops_are_kept_in_order(void)
{
    g_autoptr(Geo) geo = built_in();
    g_autofree uint32_t *nearest = g_new0(uint32_t, geo->n_metros);
    g_autofree double *traffic = g_new0(double, geo->n_pops);
    geo_nearest(geo, NULL, nearest);
    geo_pop_traffic(geo, nearest, traffic);
    g_autoptr(Geo) small = geo_busiest(geo, 20);
    CHECK_INT(small->n_pops, 20);
    CHECK_INT(small->n_metros, geo->n_metros);
    CHECK_STR(small->metros.name[3], geo->metros.name[3]);
    double least_kept = INFINITY, sum = 0;
    for (uint32_t pop = 0; pop < small->n_pops; pop++) {
        least_kept = fmin(least_kept, traffic[geo_pop_find(geo, small->pops.code[pop])]);
        CHECK(pop == 0 || strcmp(small->pops.code[pop - 1], small->pops.code[pop]) < 0);
    }
    for (uint32_t pop = 0; pop < geo->n_pops; pop++) {
        bool is_kept = geo_pop_find(small, geo->pops.code[pop]) != SIM_NONE;
        CHECK(is_kept || traffic[pop] <= least_kept);
        sum += traffic[pop];
    }
    double demand = 0;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        demand += geo->metros.traffic[metro];
    CHECK_NEAR(sum / demand, 1, 1e-12);
    g_autoptr(Geo) all = geo_busiest(geo, 0);
    CHECK_INT(all->n_pops, geo->n_pops);
}

static void
a_metro_with_no_pop_adds_no_traffic(void)
{
    g_autoptr(Geo) geo = built_in();
    g_autofree uint32_t *nowhere = g_new(uint32_t, geo->n_metros);
    g_autofree double *traffic = g_new(double, geo->n_pops);
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        nowhere[metro] = SIM_NONE;
    nowhere[2] = 7;
    geo_pop_traffic(geo, nowhere, traffic);
    CHECK_NEAR(traffic[7], geo->metros.traffic[2], 0);
    CHECK_NEAR(traffic[8], 0, 0);
}

/* Share of users whose nearest PoP is within that distance. */
static double
share_within(const Geo *geo, const uint32_t *nearest, double km)
{
    double near_users = 0, users = 0;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        users += geo->metros.users[metro];
        if (geo_metro_pop_km(geo, metro, nearest[metro]) <= km)
            near_users += geo->metros.users[metro];
    }
    return near_users / users;
}

/* The bands hold the figures of one large edge: 43, 52, 78, 92, 98.9 %. */
static void
users_are_as_near_to_a_pop_as_on_a_real_edge(void)
{
    static const struct {
        double km, at_least, at_most;
    } bands[] = {{50, 0.38, 0.50},
                 {100, 0.48, 0.60},
                 {250, 0.72, 0.84},
                 {500, 0.89, 0.97},
                 {1000, 0.975, 1}};
    g_autoptr(Geo) geo = built_in();
    g_autofree uint32_t *nearest = g_new0(uint32_t, geo->n_metros);
    geo_nearest(geo, NULL, nearest);
    for (size_t i = 0; i < G_N_ELEMENTS(bands); i++) {
        double share = share_within(geo, nearest, bands[i].km);
        printf("users within %4.0f km of a PoP: %.1f %%\n", bands[i].km, 100 * share);
        CHECK(share >= bands[i].at_least);
        CHECK(share <= bands[i].at_most);
    }
}

static uint32_t
count_countries(const GeoPlaces *at, uint32_t n)
{
    uint32_t countries = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool is_new = true;
        for (uint32_t j = 0; j < i && is_new; j++)
            is_new = strcmp(at->country[i], at->country[j]) != 0;
        countries += is_new;
    }
    return countries;
}

static void
the_built_in_world_has_the_intended_size(void)
{
    g_autoptr(Geo) geo = built_in();
    CHECK_INT(geo->n_metros, 1500);
    CHECK(geo->n_pops >= 300 && geo->n_pops <= 340);
    CHECK_INT(geo->n_regions, GEO_REGIONS);
    CHECK(count_countries(&geo->pops.at, geo->n_pops) >= 120);
    CHECK(count_countries(&geo->metros.at, geo->n_metros) >= 180);
    double users = 0, traffic = 0;
    uint32_t metros_of[GEO_REGIONS] = {0}, pops_of[GEO_REGIONS] = {0};
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        users += geo->metros.users[metro];
        traffic += geo->metros.traffic[metro];
        metros_of[geo->metros.at.region[metro]]++;
        if (metro > 0)
            CHECK(geo->metros.users[metro - 1] >= geo->metros.users[metro]);
    }
    CHECK(users > 5e9 && users < 6e9);
    CHECK_NEAR(traffic / users, 1, 0.005);
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        pops_of[geo->pops.at.region[pop]]++;
    for (uint32_t region = 0; region < GEO_REGIONS; region++)
        CHECK(metros_of[region] > 0 && pops_of[region] > 0);
}

static void
cities_that_scenarios_name_have_a_pop(void)
{
    static const char *const codes[] = {
        "AMS", "ATL", "IAD", "ORD", "FRA", "LHR", "LAX", "MAD", "MAN", "MIA",
        "MXP", "BOM", "EWR", "KIX", "GRU", "SJC", "SIN", "SYD", "NRT", "PDX",
        "SFO", "CDG", "SEA", "DFW", "HKG", "JNB", "NBO", "LOS",
    };
    g_autoptr(Geo) geo = built_in();
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        uint32_t pop = geo_pop_find(geo, codes[i]);
        CHECK(pop != SIM_NONE && strcmp(geo->pops.code[pop], codes[i]) == 0);
    }
    CHECK_STR(geo->pops.city[geo_pop_find(geo, "IAD")], "Ashburn");
    CHECK(geo->pops.weight[geo_pop_find(geo, "FRA")] > 5);
    CHECK_NEAR(geo->pops.weight[geo_pop_find(geo, "ABJ")], 1, 0);
    CHECK_INT(geo_pop_find(geo, "QQQ"), SIM_NONE);
    for (uint32_t pop = 1; pop < geo->n_pops; pop++)
        CHECK(strcmp(geo->pops.code[pop - 1], geo->pops.code[pop]) < 0);
}

static void
regions_are_found_by_name(void)
{
    for (uint32_t region = 0; region < GEO_REGIONS; region++)
        CHECK_INT(geo_region_find(geo_region_name(region)), region);
    CHECK_INT(geo_region_find("North America"), 0);
    CHECK_INT(geo_region_find("asi"), SIM_NONE);
    CHECK_INT(geo_region_find("asian"), SIM_NONE);
    CHECK_INT(geo_region_find(""), SIM_NONE);
}

static void
a_teams_own_network_is_read(void)
{
    char *pops = write_file("notes,Longitude,LAT,code,capacity,cc,weight\r\n"
                            "\"x, y\",13.4,52.5,ber-1,128,de,2\r\n"
                            ",-58.4,-34.6,eze_2,,,\r\n");
    char *metros = write_file("name,lat,lng,traffic,region\nHome,48,11,7.5,\nAway,-35,-58,0.5,"
                              "South America\n");
    g_autoptr(Geo) geo = NULL;
    g_autoptr(GError) error = NULL;
    CHECK(geo_load(pops, metros, &geo, &error));
    CHECK_STR(error ? error->message : "", "");
    CHECK_INT(geo->n_pops, 2);
    CHECK_STR(geo->pops.at.country[0], "DE");
    CHECK_STR(geo_region_name(geo->pops.at.region[0]), "europe");
    CHECK_STR(geo_region_name(geo->pops.at.region[1]), "south-america");
    CHECK_NEAR(geo->pops.capacity[0], 128, 0);
    CHECK_NEAR(geo->pops.capacity[1], 0, 0);
    CHECK_NEAR(geo->pops.weight[0], 2, 0);
    CHECK_NEAR(geo->pops.weight[1], 1, 0);
    CHECK_STR(geo->pops.city[0], "");
    CHECK_INT(geo->n_metros, 2);
    CHECK_STR(geo_region_name(geo->metros.at.region[0]), "europe");
    CHECK_STR(geo_region_name(geo->metros.at.region[1]), "south-america");
    CHECK_NEAR(geo->metros.traffic[0], 7.5, 0);
    CHECK_NEAR(geo->metros.users[0], 7.5, 0);
    CHECK_NEAR(geo->metros.requests_per_user[0], 1, 0);
    drop(pops);
    drop(metros);
}

typedef struct BadFile {
    const char *text, *message; /* without the path */
} BadFile;

static void
check_message(const char *path, const char *pops, const char *metros, const char *message)
{
    Geo *geo = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *want = g_strconcat(path, message, NULL);
    CHECK(!geo_load(pops, metros, &geo, &error));
    CHECK(geo == NULL);
    CHECK_STR(error ? error->message : NULL, want);
}

static void
bad_pops_are_explained(void)
{
    static const BadFile files[] = {
        {"", ":1: the file is empty: expected a row of column names"},
        {"code,latitude\nAMS,52\n",
         ":1: no column 'longitude': expected code, latitude, longitude"},
        {"city,latitude,longitude\nAMS,52,4\n",
         ":1: no column 'code': expected code, latitude, longitude"},
        {"code,latitude,longitude\nAMS,north,4\n",
         ":2: latitude 'north' is not a number: expected -90 to 90"},
        {"code,latitude,longitude\nAMS,52,4\nLHR,95,0\n",
         ":3: latitude '95' is out of range: expected -90 to 90"},
        {"code,latitude,longitude\nAMS,52,181\n",
         ":2: longitude '181' is out of range: expected -180 to 180"},
        {"code,latitude,longitude\nAMS,52,4\nLHR,51,0\nAMS,52,4\n",
         ":4: code 'AMS' is taken by line 2: expected each code once"},
        {"code,latitude,longitude\nA B,52,4\n",
         ":2: code 'A B': expected 1 to 24 letters, digits, '-' or '_'"},
        {"code,latitude,longitude,country\nAMS,52,4,NLD\n",
         ":2: country 'NLD': expected two letters of ISO 3166, such as 'US'"},
        {"code,latitude,longitude,country\nAMS,52,4,ZZ\n",
         ":2: country 'ZZ' is not known: expected an ISO 3166 code, or a region"},
        {"code,latitude,longitude,region\nAMS,52,4,eu\n",
         ":2: region 'eu' is not known: expected one of north-america, south-america, europe, "
         "africa, middle-east, asia, oceania"},
        {"code,latitude,longitude,capacity\nAMS,52,4,-3\n",
         ":2: capacity '-3' is out of range: expected 0 to 1e+09"},
        {"code,latitude,longitude\n\"AMS,52,4\n",
         ":2: a quote is not closed: expected '\"' before the end of the file"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        char *path = write_file(files[i].text);
        check_message(path, path, NULL, files[i].message);
        drop(path);
    }
}

static void
bad_metros_are_explained(void)
{
    static const BadFile files[] = {
        {"name,latitude,longitude\nA,1,2\n",
         ":1: no column 'users': expected name, latitude, longitude, and users or traffic"},
        {"name,latitude,longitude,users\nA,1,2,-5\n",
         ":2: users '-5' is out of range: expected 0 to 1e+11"},
        {"name,latitude,longitude,users\nA,1,2,\n",
         ":2: users '' is not a number: expected 0 to 1e+11"},
        {"name,latitude,longitude,traffic\nA,1,2,much\n",
         ":2: traffic 'much' is not a number: expected 0 to 1e+15"},
        {"name,latitude,longitude,users\nA,1,2,0\n",
         ":1: no metro has any traffic: expected at least one above zero"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        char *path = write_file(files[i].text);
        check_message(path, NULL, path, files[i].message);
        drop(path);
    }
}

static void
too_many_pops_are_refused(void)
{
    g_autoptr(GString) text = g_string_new("code,latitude,longitude\n");
    for (int i = 0; i <= GEO_POPS_MAX; i++)
        g_string_append_printf(text, "P%d,1,2\n", i);
    char *path = write_file(text->str);
    check_message(path, path, NULL, ":5002: too many rows: expected at most 5000");
    drop(path);
}

static CU_TestInfo tests[] = {
    {"distance_agrees_with_haversine", distance_agrees_with_haversine},
    {"nearest_agrees_with_brute_force", nearest_agrees_with_brute_force},
    {"nobody_is_nearest_when_all_are_down", nobody_is_nearest_when_all_are_down},
    {"k_nearest_are_in_order_and_complete", k_nearest_are_in_order_and_complete},
    {"a_tie_goes_to_the_lower_id", a_tie_goes_to_the_lower_id},
    {"the_busiest_pops_are_kept_in_order", the_busiest_pops_are_kept_in_order},
    {"a_metro_with_no_pop_adds_no_traffic", a_metro_with_no_pop_adds_no_traffic},
    {"users_are_as_near_to_a_pop_as_on_a_real_edge", users_are_as_near_to_a_pop_as_on_a_real_edge},
    {"the_built_in_world_has_the_intended_size", the_built_in_world_has_the_intended_size},
    {"cities_that_scenarios_name_have_a_pop", cities_that_scenarios_name_have_a_pop},
    {"regions_are_found_by_name", regions_are_found_by_name},
    {"a_teams_own_network_is_read", a_teams_own_network_is_read},
    {"bad_pops_are_explained", bad_pops_are_explained},
    {"bad_metros_are_explained", bad_metros_are_explained},
    {"too_many_pops_are_refused", too_many_pops_are_refused},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("geo", tests)
