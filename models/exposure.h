/*
 * exposure.h - what depends on what, and who falls with whom: all that can be
 * said about a scenario's services without running it.
 *
 * Links: a service needs another; it is reached through its front, and through
 * what that front needs for its zone.  A loop is a circle of links; those found
 * are the shortest through each of their services.  A chain is the shortest way
 * from a service to one that is reached through the edge, and that edge: who
 * needs it for a repair waits for the edge first.
 *
 * When a service is down, a call to it fails, and
 *
 *   f(x) = 1 - product over needs n of x (1 - share_n (1 - cached_n) g_n)
 *   g_n  = f(n) failing closed, f(n) f(fallback) with a fallback, 0 when open or stale
 *
 * over the needs of x, of its front and of the front's zone; what is inside
 * another falls with it.  Needs are taken as independent of each other.  With
 * circles this is the least fixed point, found by iteration.  A site's requests
 * fail as calls to its entry service, and by the site's own needs.
 *
 * Left out: overload (a slow service is not down), time-outs and retries,
 * cohorts, kill switches.  A site falls with a service through its vendors when
 * one of them, or a vendor of theirs, stands on something that fails with it;
 * which of its requests need the vendor is not known.
 */
#pragma once

#include "models/spec.h"

typedef enum LinkKind {
    LINK_NONE,
    LINK_NEED,       /* a needs b */
    LINK_FRONT,      /* a is reached through b */
    LINK_FRONT_NEED, /* what a is reached through needs b for a's zone */
    LINK_INSIDE      /* a shares b's processes; only rollback.h follows it */
} LinkKind;

/* services[0] depends on services[1] by links[0], and so on; in a loop the last one depends on the
 * first. */
typedef struct Chain {
    uint32_t n;
    uint32_t *services;
    LinkKind *links;
} Chain;

typedef struct Exposure {
    uint32_t n_services, n_sites, n_vendors;
    uint32_t n_loops;
    Chain *loops;
    Chain *chains;         /* [service] to the edge; n == 0: not behind it */
    double *site_rate;     /* [site] mean requests per second */
    double *fails;         /* [service * n_sites + site] share of the site's requests */
    double *service_fails; /* [service * n_services + other] share of the other's calls */
    bool *by_vendor;       /* [service * n_sites + site] falls through a vendor */
    double *traffic;       /* [service] share of all requests that fail */
    bool *stands_on; /* [vendor * n_vendors + vendor] directly or through others, and on itself */
    double *vendor_traffic; /* [vendor] share of all requests that are to sites which stand on it */
} Exposure;

Exposure *exposure_new(const Spec *spec);
void exposure_free(Exposure *exposure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exposure, exposure_free)

/* Whether the site stands on the vendor, directly or through others. */
bool exposure_site_stands_on(const Exposure *exposure, const Spec *spec, uint32_t site,
                             uint32_t vendor);
void chain_clear(Chain *chain);
/* "access needs kv; kv is reached through proxy" */
char *exposure_chain_text(const Spec *spec, const Chain *chain, bool is_loop);
