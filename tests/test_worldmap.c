#include "models/geo.h"
#include "models/worldmap.h"
#include "tests/harness.h"

#include <math.h>

#define EAST_END (0.8707 * 3.14159265358979323846)

/* Positions on a globe of radius 1 with the middle meridian at 0. */
static void
check_place(double latitude, double longitude, double x, double y)
{
    MapPoint point = map_project(latitude, longitude + 11);
    CHECK_NEAR(point.x * EAST_END, x, 1e-6);
    CHECK_NEAR(point.y * EAST_END, y, 1e-6);
}

/* The published polynomials, worked out by other code; the whole is 0.52 times as high as wide. */
static void
places_lie_where_the_polynomials_say(void)
{
    check_place(0, 0, 0, 0);
    check_place(0, 90, 0.8707 * acos(-1.0) / 2, 0);
    check_place(30, 60, 0.872824664, 0.529148474);
    check_place(-45, -120, -1.642658371, -0.793051395);
    check_place(90, 0, 0, 1.422390507);
    CHECK_NEAR(map_project(90, 0).y, 0.52, 1e-4);
}

static void
the_map_is_mirrored_at_its_middle(void)
{
    for (double latitude = -80; latitude <= 80; latitude += 16)
        for (double east = 0; east < 180; east += 17) {
            MapPoint a = map_project(latitude, 11 + east), b = map_project(-latitude, 11 - east);
            CHECK_NEAR(a.x, -b.x, 1e-12);
            CHECK_NEAR(a.y, -b.y, 1e-12);
        }
}

static void
what_lies_west_of_the_cut_is_drawn_in_the_east(void)
{
    CHECK(map_project(65, -170).x > 0);
    CHECK(map_project(65, -168).x < 0);
    CHECK_NEAR(map_project(-18, 178).x, map_project(-18, 178 - 360).x, 1e-12);
    CHECK_NEAR(map_project_as_is(-18, 191).x, -map_project_as_is(-18, -169).x, 1e-12);
}

/* How often a ray to the north crosses the ring is odd within it. */
static bool
is_within(const CoastRing *ring, double longitude, double latitude)
{
    bool is_odd = false;
    for (uint32_t i = 0, before = ring->n_points - 1; i < ring->n_points; before = i++) {
        const double *a = ring->points[before], *b = ring->points[i];
        if ((a[0] > longitude) == (b[0] > longitude))
            continue;
        double crossing = a[1] + (longitude - a[0]) / (b[0] - a[0]) * (b[1] - a[1]);
        is_odd ^= crossing > latitude;
    }
    return is_odd;
}

static bool
is_on_land(const Coastline *coastline, double latitude, double longitude)
{
    bool is_land = false;
    for (uint32_t r = 0; r < coastline->n_rings; r++)
        if (is_within(&coastline->rings[r], longitude, latitude))
            is_land = !coastline->rings[r].is_water;
    return is_land;
}

static void
rings_are_closed_and_on_the_map(void)
{
    g_autoptr(Coastline) coastline = coastline_new();
    uint32_t n_points = 0;
    bool was_water = false;
    CHECK(coastline->n_rings > 100);
    for (uint32_t r = 0; r < coastline->n_rings; r++) {
        const CoastRing *ring = &coastline->rings[r];
        CHECK(ring->n_points >= 3);
        CHECK(!was_water || ring->is_water);
        was_water = ring->is_water;
        n_points += ring->n_points;
        for (uint32_t i = 0; i < ring->n_points; i++) {
            CHECK(ring->points[i][0] > -175 && ring->points[i][0] < 195);
            CHECK(ring->points[i][1] > -60 && ring->points[i][1] < 84);
        }
    }
    CHECK(n_points > 3000 && n_points < 6500);
}

static void
places_are_on_land_or_at_sea(void)
{
    g_autoptr(Coastline) coastline = coastline_new();
    CHECK(is_on_land(coastline, 52.52, 13.40));   /* Berlin */
    CHECK(is_on_land(coastline, -23.55, -46.63)); /* Sao Paulo */
    CHECK(is_on_land(coastline, -25.0, 134.0));   /* in Australia */
    CHECK(is_on_land(coastline, 66.5, 180.5));    /* in Chukotka, beyond 180 degrees */
    CHECK(!is_on_land(coastline, 42.0, 51.0));    /* the Caspian Sea */
    CHECK(!is_on_land(coastline, 43.2, 34.0));    /* the Black Sea */
    CHECK(!is_on_land(coastline, 0.0, -150.0));
    CHECK(!is_on_land(coastline, 30.0, -40.0));
}

/* Two sources that know nothing of each other: a metro that is not on land is on a coast, or on an
 * island too small to be drawn. */
static void
users_live_on_land(void)
{
    Geo *geo = NULL;
    double users = 0, on_land = 0;
    g_autoptr(Coastline) coastline = coastline_new();
    CHECK(geo_load(NULL, NULL, &geo, NULL));
    for (uint32_t m = 0; m < geo->n_metros; m++) {
        users += geo->metros.users[m];
        if (is_on_land(coastline, geo->metros.at.latitude[m], geo->metros.at.longitude[m]))
            on_land += geo->metros.users[m];
    }
    CHECK(on_land / users > 0.9);
    geo_free(geo);
}

static CU_TestInfo tests[] = {
    {"places_lie_where_the_polynomials_say", places_lie_where_the_polynomials_say},
    {"the_map_is_mirrored_at_its_middle", the_map_is_mirrored_at_its_middle},
    {"what_lies_west_of_the_cut_is_drawn_in_the_east",
     what_lies_west_of_the_cut_is_drawn_in_the_east},
    {"rings_are_closed_and_on_the_map", rings_are_closed_and_on_the_map},
    {"places_are_on_land_or_at_sea", places_are_on_land_or_at_sea},
    {"users_live_on_land", users_live_on_land},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("worldmap", tests)
