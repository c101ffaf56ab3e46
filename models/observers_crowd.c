#include "models/observers_row.h"

#include "sim/quantity.h"

enum { LOOKS_A_BIN = 6 };
static const SimTime look_period = SIM_MINUTE / LOOKS_A_BIN;
static const double BIN_SECONDS = 60;

bool
observers_crowd_attach(Observers *observers, ObserverRow *row, SimMessages *messages)
{
    const ObserverSpec *spec = row->spec;
    const World *world = observers->world;
    const DiurnalSpec *diurnal = &world->spec->network.diurnal;
    const char *metric = spec->metric ? spec->metric : "errors";
    if (!monitor_reading_find(&row->reading, observers->parts.books, metric) ||
        row->reading.kind != READING_SHARE) {
        sim_messages_error(messages, spec->entity.mark,
                           "a crowd sees what share of people is hit, which '%s' does not say: "
                           "expected a share such as errors or site.NAME.errors",
                           metric);
        return false;
    }
    if (spec->site != SIM_NONE) {
        g_autofree char *own =
            g_strdup_printf("site.%s.errors", world_site(world, spec->site)->entity.name);
        monitor_reading_find(&row->tracker, observers->parts.books, own);
    }
    row->day = crowd_day(world->geo, diurnal->amplitude, diurnal->peak);
    row->users = spec->users;
    for (uint32_t m = 0; spec->users <= 0 && m < world->geo->n_metros; m++)
        row->users += world->geo->metros.users[m];
    row->draws = sim_stream(observers->sim, "observer/%.100s/reports", spec->entity.name);
    observers_after(observers, look_period, OBSERVERS_REPORT, row->id, 0);
    return true;
}

/* The share since the last look; as it was when there was nothing to see. */
static double
share_since(Observers *observers, MonitorReading *reading, int64_t last[2], double before)
{
    int64_t upper, lower;
    monitor_reading_take(reading, &observers->tally, sim_now(observers->sim), &upper, &lower);
    double share = lower > last[1] ? (double)(upper - last[0]) / (double)(lower - last[1]) : before;
    last[0] = upper;
    last[1] = lower;
    return CLAMP(share, 0, 1);
}

static double
day_now(const Observers *observers, const ObserverRow *row)
{
    int64_t start = observers->world->spec->clock.start % 86400;
    return crowd_day_at(row->day, sim_seconds(sim_now(observers->sim)) + (double)start);
}

static void
end_bin(Observers *observers, ObserverRow *row)
{
    const ObserverSpec *spec = row->spec;
    SimRng draws = row->draws;
    draws.counter = row->n_bins++ * DRAW_STRIDE * 16;
    int64_t reports = (int64_t)sim_rng_poisson(&draws, row->reports);
    double usual = spec->baseline * day_now(observers, row) * BIN_SECONDS;
    char text[128], seen[32], limit[32];
    row->reports = 0;
    row->reports_per_s = (double)reports / BIN_SECONDS;
    row->value = (double)reports / usual;
    if (row->dark > 0)
        return;
    bool has_changed = crowd_bin(&row->crowd, reports, spec->times * usual, spec->bins);
    row->alerts[0].is_firing = row->crowd.is_firing;
    sim_quantity_format_count(seen, sizeof seen, (double)reports);
    sim_quantity_format_count(limit, sizeof limit, spec->times * usual);
    g_snprintf(text, sizeof text, "%s reports in a minute, %s %s", seen,
               row->crowd.is_firing ? "above" : "at most", limit);
    if (has_changed)
        observers_tell(observers, row, 0, text);
}

void
observers_crowd_look(Observers *observers, ObserverRow *row)
{
    const ObserverSpec *spec = row->spec;
    double day = day_now(observers, row), seconds = sim_seconds(look_period);
    row->hit_share = share_since(observers, &row->reading, row->hit, row->hit_share);
    if (spec->site != SIM_NONE)
        row->away_share = share_since(observers, &row->tracker, row->away, row->away_share);
    double noticed = crowd_notice(&row->crowd, row->users * day * row->hit_share, seconds);
    row->reports +=
        (noticed * spec->reports + spec->baseline * day * seconds) * (1 - row->away_share);
    if (++row->n_looks % LOOKS_A_BIN == 0)
        end_bin(observers, row);
    observers_after(observers, look_period, OBSERVERS_REPORT, row->id, 0);
}
