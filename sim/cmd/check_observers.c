#include "sim/cmd/check_observers.h"

#include "models/metric.h"
#include "models/observers_reach.h"
#include "sim/quantity.h"

#include <math.h>

static void
append_delay(GString *out, const ObserverSpec *spec, bool is_share, double p)
{
    char text[SIM_QUANTITY_TEXT_MAX];
    double seconds = observers_reach(spec, is_share, p);
    if (isnan(seconds))
        g_string_append_printf(out, "  %9s", "-");
    else if (isinf(seconds))
        g_string_append_printf(out, "  %9s", "never");
    else
        g_string_append_printf(out, "  %9s",
                               sim_quantity_format_duration(
                                   text, sizeof text, sim_from_seconds(floor(seconds + 0.5))));
}

void
check_observers_append(GString *out, const Run *run, const Spec *spec)
{
    static const double shares[] = {1, 0.1, 0.01};
    if (spec->observers.n == 0)
        return;
    g_string_append(out, "\nObservers: time to an alert when this share of what they watch fails"
                         "\n                                100 %       10 %        1 %\n");
    SIM_EACH(const ObserverSpec, observer, spec->observers)
    {
        Metric metric;
        bool is_share = observer->metric &&
                        metric_find(run_recorder(run), observer->metric, &metric) &&
                        metric.unit == METRIC_SHARE;
        g_string_append_printf(out, "  %-16s %-9s", observer->entity.name,
                               observer_kind_names[observer->kind]);
        for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
            append_delay(out, observer, is_share, shares[i]);
        bool is_blind = isinf(observers_reach(observer, is_share, 1));
        g_string_append(out, is_blind ? "  - it can never give an alert\n" : "\n");
    }
}
