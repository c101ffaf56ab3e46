#include "models/worldmap.h"

#include <math.h>
#include <string.h>

extern const unsigned char worldmap_coastline[];
extern const size_t worldmap_coastline_length;

#define CUT_LONGITUDE (-169.0)
#define MIDDLE_LONGITUDE 11.0
#define RADIANS (3.14159265358979323846 / 180)
#define HALF_EQUATOR (0.8707 * 3.14159265358979323846)

MapPoint
map_project_as_is(double latitude, double longitude)
{
    double p = latitude * RADIANS, l = (longitude - MIDDLE_LONGITUDE) * RADIANS;
    double p2 = p * p, p4 = p2 * p2, p6 = p4 * p2, p10 = p4 * p6;
    double x = l * (0.8707 - 0.131979 * p2 - 0.013791 * p4 + p10 * (0.003971 - 0.001529 * p2));
    double y = p * (1.007226 + 0.015085 * p2 + p6 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4));
    return (MapPoint){x / HALF_EQUATOR, y / HALF_EQUATOR};
}

MapPoint
map_project(double latitude, double longitude)
{
    double east = longitude - CUT_LONGITUDE;
    return map_project_as_is(latitude, CUT_LONGITUDE + east - 360 * floor(east / 360));
}

/* A whole number at the text, which is moved behind it and the blank or line end that follows. */
static int64_t
take_number(const char **text)
{
    char *end;
    int64_t number = g_ascii_strtoll(*text, &end, 10);
    SIM_ASSERT(end != *text && (*end == ' ' || *end == '\n'));
    *text = end + 1;
    return number;
}

static const char *
take_ring(const char *text, CoastRing *ring, double (*points)[2])
{
    ring->is_water = *text == 'w';
    ring->points = (const double(*)[2])points;
    text = strchr(text, '\n') + 1;
    for (; *text && *text != '\n'; ring->n_points++) {
        points[ring->n_points][0] = (double)take_number(&text) / 10;
        points[ring->n_points][1] = (double)take_number(&text) / 10;
    }
    return *text ? text + 1 : text;
}

/* Our own file, as models/data/coast.mjs makes it: nothing in it can be wrong. */
Coastline *
coastline_new(void)
{
    const char *text = (const char *)worldmap_coastline;
    uint32_t n_lines = 0, n_points = 0, n_rings = 0;
    for (size_t i = 0; i < worldmap_coastline_length; i++) {
        n_lines += text[i] == '\n';
        n_rings += g_ascii_isalpha(text[i]) && (i == 0 || text[i - 1] == '\n');
    }
    Coastline *coastline = g_new0(Coastline, 1);
    coastline->rings = g_new0(CoastRing, n_rings);
    coastline->points = g_malloc_n(n_lines, sizeof *coastline->points);
    while (*text) {
        CoastRing *ring = &coastline->rings[coastline->n_rings++];
        text = take_ring(text, ring, coastline->points + n_points);
        n_points += ring->n_points;
    }
    return coastline;
}

void
coastline_free(Coastline *coastline)
{
    if (!coastline)
        return;
    g_free(coastline->points);
    g_free(coastline->rings);
    g_free(coastline);
}
