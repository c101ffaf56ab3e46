/*
 * worldmap.h - a flat map of the earth, and the coastline to draw on it.
 *
 * The projection is Natural Earth by Patterson, in the polynomials of Savric,
 * Jenny, Patterson, Petrovic and Hurni (2011), with p the latitude and l the
 * longitude from the middle meridian in radians:
 *     x = l (0.8707 - 0.131979 p^2 - 0.013791 p^4 + 0.003971 p^10 - 0.001529 p^12)
 *     y = p (1.007226 + 0.015085 p^2 - 0.044475 p^6 + 0.028874 p^8 - 0.005916 p^10)
 * It keeps neither areas nor angles and distorts both little where people live.
 * Here x = 1 is the eastern end of the equator, and y has the same unit.
 *
 * The map is cut at 169 degrees west, in the Bering Strait, so that Asia stays
 * in one piece: the middle meridian is 11 degrees east.
 *
 * The coastline is models/data/coastline.txt, built into the program.  Left
 * out: islands smaller than 3,000 km2, bends of less than 20 km, Antarctica,
 * borders, rivers, lakes other than the Caspian Sea.
 *
 * Reading it costs well under a ms; a Coastline owns its points.
 */
#pragma once

#include "sim/base.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct MapPoint {
    double x, y;
} MapPoint;

/* A closed ring: the last point joins the first. */
typedef struct CoastRing {
    bool is_water; /* a hole in land */
    uint32_t n_points;
    const double (*points)[2]; /* longitude from -169 to 191 and a little more, latitude; degrees */
} CoastRing;

typedef struct Coastline {
    uint32_t n_rings; /* land, biggest first, before water */
    CoastRing *rings;
    double (*points)[2];
} Coastline;

/* Any longitude: 10 and 370 are one. */
MapPoint map_project(double latitude, double longitude);
/* A longitude that is the coastline's: what goes over the cut stays beyond it. */
MapPoint map_project_as_is(double latitude, double longitude);

Coastline *coastline_new(void);
void coastline_free(Coastline *coastline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coastline, coastline_free)
