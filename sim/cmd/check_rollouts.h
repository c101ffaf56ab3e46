/*
 * check_rollouts.h - how the configs of a scenario go out: what they wait for, what goes past that,
 * whom the first wave reaches, and what its gate would notice there.
 *
 * The smallest share that is noticed is that of gate_noticed, for the mean demand of the PoPs of
 * the first wave and the chance below: of a fault that small, so many versions in a hundred are
 * stopped in the first wave.  A wave that is extended counts as long as it takes to see enough.
 */
#pragma once

#include "models/exposure.h"
#include "models/run.h"
#include "sim/cmd/json.h"

void check_rollouts_append(GString *out, const Run *run, const Spec *spec,
                           const Exposure *exposure);
void check_rollouts_json(Json *json, const Run *run, const Spec *spec, const Exposure *exposure);
