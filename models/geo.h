/*
 * geo.h - where the users are and where the edge is, in columns.
 *
 * A Geo holds the client metros (where users live, and how many) and the points
 * of presence.  Both are built into the program (models/data) and either can be
 * replaced by a team's own CSV file.  Users of a metro are points at its centre.
 *
 * Positions are unit vectors, x to (0, 0), z to the north pole.  Of two places
 * the nearer is the one at the smaller chord, so that nothing but additions and
 * multiplications decides; the great-circle distance for a latency is
 *     2 R asin(chord / 2), with R = 6371.0088 km, the mean radius.
 * The ellipsoid is left out (an error of up to 0.5 %), and so are terrain and
 * cable routes.
 *
 * Files: the first row names the columns, in any order; other columns are
 * ignored.  PoPs need code, latitude, longitude, and may have city, country,
 * region, capacity (CPU cores), weight.  Metros need name, latitude, longitude
 * and users or traffic, and may have country, region, requests_per_user.  The
 * aliases iata, lat, lon, lng and cc are understood.  A missing region follows
 * from the country, and without one from the nearest metro of the built-in
 * world.
 *
 * Loading costs a few ms; nearest is O(metros * PoPs), 1 ms for the built-in
 * world.  A Geo never changes once loaded; it owns all its columns and names.
 */
#pragma once

#include "sim/base.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define GEO_POPS_MAX 5000
#define GEO_METROS_MAX 100000

/* Regions in this order are 0 to 6: north-america (with Central America and the Caribbean),
 * south-america, europe (with Russia, Turkey and the Caucasus), africa, middle-east, asia,
 * oceania. */
#define GEO_REGIONS 7

/* Where something is; the part that metros and PoPs share. */
typedef struct GeoPlaces {
    char (*country)[3]; /* ISO 3166, or "" */
    uint32_t *region;
    double *latitude, *longitude; /* degrees */
    double *x, *y, *z;            /* the same as a unit vector */
} GeoPlaces;

typedef struct GeoMetros {
    GeoPlaces at;
    const char **name;         /* not unique */
    double *users;             /* people online; equal to traffic if the file gave only that */
    double *requests_per_user; /* relative to the world's mean; 1 if not given */
    double *traffic;           /* relative demand; users * requests_per_user if not given */
} GeoMetros;

typedef struct GeoPops {
    GeoPlaces at;
    const char **code; /* unique */
    const char **city; /* "" if not given */
    double *capacity;  /* CPU cores; 0: to be derived from demand */
    double *weight;    /* attraction: hundreds of networks that meet there; 1 if not given */
} GeoPops;

typedef struct Geo {
    uint32_t n_metros, n_pops, n_regions;
    GeoMetros metros; /* the built-in ones are in descending order of users */
    GeoPops pops;     /* the built-in ones are in alphabetical order of code */
    GStringChunk *text;
} Geo;

/* NULL as a path stands for the built-in table.  Messages read "file:line: wrong: expected". */
bool geo_load(const char *pops_path, const char *metros_path, Geo **ret,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void geo_free(Geo *geo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Geo, geo_free)

/* The region of that name in lower case or not, with hyphens or blanks; or SIM_NONE. */
uint32_t geo_region_find(const char *name);
const char *geo_region_name(uint32_t region);
/* The PoP with exactly that code, or SIM_NONE. */
uint32_t geo_pop_find(const Geo *geo, const char *code);

/* Degrees to km along the great circle. */
double geo_distance_km(double latitude_1, double longitude_1, double latitude_2,
                       double longitude_2);
/* The same for a metro and a PoP, and for two PoPs. */
double geo_metro_pop_km(const Geo *geo, uint32_t metro, uint32_t pop);
double geo_pop_pop_km(const Geo *geo, uint32_t a, uint32_t b);

/* The nearest PoP of each metro among those with pop_up[pop] (NULL: all), the lower id on a tie,
 * SIM_NONE if none is up. */
void geo_nearest(const Geo *geo, const bool *pop_up, uint32_t *ret_pop_of_metro);
/* The k nearest of one metro, nearest first; returns how many there are, at most k. */
uint32_t geo_nearest_k(const Geo *geo, const bool *pop_up, uint32_t metro, uint32_t k,
                       uint32_t *ret_pops);

/* Traffic by PoP when each metro goes to the PoP given for it; SIM_NONE goes nowhere. */
void geo_pop_traffic(const Geo *geo, const uint32_t *pop_of_metro, double *ret_traffic);
/* A copy with only the n PoPs that have most traffic when each metro goes to the nearest of all;
 * the lower id on a tie.  They keep their order.  With n = 0 or n >= n_pops, all of them. */
Geo *geo_busiest(const Geo *geo, uint32_t n);
