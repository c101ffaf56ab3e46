#include "models/warmup.h"

void
warmup_add(Warmup *warmup, const RestartSpec *spec, uint32_t n, SimTime now)
{
    if (n == 0 || spec->warm_up < WARMUP_STEPS)
        return;
    if (warmup->n == WARMUP_BATCHES) {
        warmup->batches[1].processes += warmup->batches[0].processes;
        for (uint32_t i = 1; i < WARMUP_BATCHES; i++)
            warmup->batches[i - 1] = warmup->batches[i];
        warmup->n--;
    }
    warmup->batches[warmup->n].processes = n;
    warmup->batches[warmup->n++].ready_at = now;
}

void
warmup_trim(Warmup *warmup, uint32_t live)
{
    for (uint32_t i = 0; i < warmup->n; i++) {
        warmup->batches[i].processes = MIN(warmup->batches[i].processes, live);
        live -= warmup->batches[i].processes;
    }
}

void
warmup_expire(Warmup *warmup, const RestartSpec *spec, SimTime now)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < warmup->n; i++)
        if (now - warmup->batches[i].ready_at < spec->warm_up)
            warmup->batches[kept++] = warmup->batches[i];
    warmup->n = kept;
}

double
warmup_cold(const Warmup *warmup, const RestartSpec *spec, SimTime now)
{
    double cold = 0;
    for (uint32_t i = 0; i < warmup->n; i++) {
        double age = (double)(now - warmup->batches[i].ready_at) / (double)spec->warm_up;
        cold += warmup->batches[i].processes * (1 - spec->warm_speed) * MAX(0, 1 - age);
    }
    return cold;
}
