/*
 * gate.h - what the gate of a rollout has counted, and its verdict.
 *
 * It sees counters, never the truth.  Each look samples the offered and failed
 * attempts of the PoPs that run the version since they got it (scope wave) or
 * of all PoPs since the push (scope all), and decides on the newest sample that
 * is `lag` old:
 *   threshold  failed / offered over the window > at_most;
 *   burn       the time average over the window of each interval's failed ratio, which is 0
 *              before the push, >= burn x at_most, in the long and in the short window;
 *   binomial   P(at least so many of the window's requests fail) <= alpha, were the share at_most;
 *   baseline   z of the PoPs with the version against fresh ones without it > the level alpha.
 * With `sites` only their requests count: of a wave that reaches one cohort, the
 * customers who are in it, lest the others thin out what fails.
 * With fewer than requests_min attempts in the window (burn: the long one;
 * baseline: either sample) it gives no verdict.
 *
 * The last two are tests of proportion.h, one at each look: alpha is the chance of a false alarm at
 * each of them, not over a whole rollout; with `every` as long as a wave soaks
 * there is one a wave.  The baseline is `baseline` PoPs for each that runs the
 * version, from the end of the rollout's order, counted from the same moment;
 * one that gets the version leaves it.  With no PoP left there is no verdict.
 * Requests that fail together prove less: counts are divided by design_effect.
 *
 * Where the plane's counters are expectations (PlaneOps.means) the tests draw
 * the noise of single requests: Binomial(offered, failed share) of each interval,
 * as if the failures were spread evenly over its PoPs.  So a small canary can
 * miss on either plane.  threshold and burn take the counters as they are.  With
 * `sites` the share is of rounded counters.
 *
 * Left out: differences of PoPs in size and region between canary and baseline,
 * which a real comparison must also survive.
 */
#pragma once

#include "models/world.h"

typedef struct Gate Gate;

/* order: [pop] in which the rollout reaches them; must outlive the gate. */
Gate *gate_new(Sim *sim, const World *world, const ConfigSpec *config, const uint32_t *order);
/* A push begins: nothing is counted yet. */
void gate_start(Gate *gate);
/* The PoP runs the version from now on. */
void gate_watch(Gate *gate, uint32_t pop);
/* A wave begins. */
void gate_begin_wave(Gate *gate);
/* Requests of the wave that the gate may see by now. */
int64_t gate_seen(const Gate *gate);
/* Takes a sample, due `every`; whether it stops the rollout. */
bool gate_look(Gate *gate);
/* Share of requests that failed in the window that counts, for the verdict's text. */
double gate_share(const Gate *gate);
/* The smallest failing share of a wave with so many requests in `soak` that the gate stops it for
 * with that power; 1: none below.  baseline takes at_most for the ordinary share. */
double gate_noticed(const GateSpec *gate, double requests, SimTime soak, double power);
