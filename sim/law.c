#include "sim/law.h"

#include "sim/elementary.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

#define ARGUMENTS_MAX SIM_LAW_PARTS_MAX
#define SIGMA_MAX 10.0

typedef bool (*ReadLaw)(char **arguments, uint32_t n, SimLawPart *part);

static const char *const expected_any =
    "expected a duration such as 5s, or exponential(mean 5s), lognormal(median 3m, sigma 0.7), "
    "lognormal(median 600ms, p99 2.3s), uniform(1s, 2s), or "
    "mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))";

/* If text is "word value", the value; NULL otherwise. */
static const char *
after_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0 || text[length] != ' ')
        return NULL;
    return text + length + strspn(text + length, " ");
}

static bool
read_exponential(char **arguments, uint32_t n, SimLawPart *part)
{
    const char *mean = n == 1 ? after_word(arguments[0], "mean") : NULL;
    return mean && sim_quantity_duration(mean, &part->a);
}

/* "p99 2.3s": the sigma that puts this percentile there. */
static bool
read_percentile(const char *text, SimTime median, double *ret_sigma)
{
    double percent;
    SimTime value;
    g_autofree char *number = NULL;
    const char *space = strchr(text, ' ');
    if (text[0] != 'p' || !space)
        return false;
    number = g_strndup(text + 1, (size_t)(space - text - 1));
    if (!sim_quantity_number(number, &percent) || !(percent > 50.0 && percent < 100.0))
        return false;
    if (!sim_quantity_duration(space + strspn(space, " "), &value) || value < median || median == 0)
        return false;
    *ret_sigma = sim_log((double)value / (double)median) / sim_normal_quantile(percent / 100.0);
    return true;
}

static bool
read_lognormal(char **arguments, uint32_t n, SimLawPart *part)
{
    const char *median = n >= 1 && n <= 2 ? after_word(arguments[0], "median") : NULL;
    if (!median || !sim_quantity_duration(median, &part->a))
        return false;
    part->sigma = SIM_LAW_SIGMA_DEFAULT;
    if (n == 1)
        return true;
    const char *sigma = after_word(arguments[1], "sigma");
    bool is_read = sigma ? sim_quantity_number(sigma, &part->sigma)
                         : read_percentile(arguments[1], part->a, &part->sigma);
    return is_read && part->sigma <= SIGMA_MAX;
}

static bool
read_uniform(char **arguments, uint32_t n, SimLawPart *part)
{
    return n == 2 && sim_quantity_duration(arguments[0], &part->a) &&
           sim_quantity_duration(arguments[1], &part->b) && part->a <= part->b;
}

static const struct {
    const char *name;
    ReadLaw read;
    const char *expected;
} laws[] = {
    [SIM_LAW_CONSTANT] = {NULL, NULL, NULL},
    [SIM_LAW_EXPONENTIAL] = {"exponential", read_exponential,
                             "expected the mean, as in exponential(mean 5s)"},
    [SIM_LAW_LOGNORMAL] = {"lognormal", read_lognormal,
                           "expected the median and how wide it is, as in lognormal(median 3m, "
                           "sigma 0.7) or lognormal(median 600ms, p99 2.3s); sigma is at most 10, "
                           "a percentile above p50 and not before the median"},
    [SIM_LAW_UNIFORM] = {"uniform", read_uniform,
                         "expected the least and the greatest duration, as in uniform(1s, 2s)"},
};

static const char *const expected_mixture =
    "expected two to four laws with their shares, which make 100%, as in "
    "mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))";

/* Cuts "name(x, y(z, w))" into "name" and its arguments, in place; commas within inner brackets
 * do not separate.  False when the brackets do not match or there are too many arguments. */
static bool
cut_call(char *text, char **arguments, uint32_t *ret_n)
{
    char *open = strchr(text, '(');
    size_t length = strlen(text);
    if (!open || text[length - 1] != ')')
        return false;
    text[length - 1] = '\0';
    *open = '\0';
    g_strchomp(text);
    uint32_t n = 0;
    int depth = 0;
    char *start = open + 1;
    for (char *c = start;; c++) {
        depth += (*c == '(') - (*c == ')');
        if (depth < 0 || (!*c && depth != 0))
            return false;
        if (*c && !(*c == ',' && depth == 0))
            continue;
        if (n == ARGUMENTS_MAX)
            return false;
        bool is_last = !*c;
        *c = '\0';
        arguments[n++] = g_strstrip(start);
        start = c + 1;
        if (is_last)
            break;
    }
    *ret_n = n;
    return true;
}

/* A law that is no mixture; text is cut to pieces. */
static bool
read_part(char *text, SimLawPart *part, const char **ret_expected)
{
    char *arguments[ARGUMENTS_MAX];
    uint32_t n;
    *ret_expected = expected_any;
    if (!strchr(text, '('))
        return sim_quantity_duration(text, &part->a);
    if (!cut_call(text, arguments, &n))
        return false;
    for (uint32_t kind = 1; kind < G_N_ELEMENTS(laws); kind++)
        if (strcmp(text, laws[kind].name) == 0) {
            part->kind = (SimLawKind)kind;
            *ret_expected = laws[kind].expected;
            return laws[kind].read(arguments, n, part);
        }
    return false;
}

static bool
read_mixture(char *text, SimLaw *law, const char **ret_expected)
{
    char *arguments[ARGUMENTS_MAX];
    double sum = 0;
    *ret_expected = expected_mixture;
    if (!cut_call(text, arguments, &law->n_parts) || law->n_parts < 2)
        return false;
    for (uint32_t i = 0; i < law->n_parts; i++) {
        char *space = strchr(arguments[i], ' ');
        if (!space)
            return false;
        *space = '\0';
        *ret_expected = expected_mixture;
        if (!sim_quantity_share(arguments[i], &law->parts[i].share))
            return false;
        sum += law->parts[i].share;
        if (!read_part(g_strstrip(space + 1), &law->parts[i], ret_expected))
            return false;
    }
    *ret_expected = expected_mixture;
    return fabs(sum - 1.0) < 1e-9;
}

bool
sim_law_parse(const char *text, SimLaw *ret, char **ret_expected)
{
    g_autofree char *copy = g_strstrip(g_strdup(text));
    SimLaw law = {.n_parts = 1, .parts[0].share = 1.0};
    const char *expected;
    bool is_mixture = g_str_has_prefix(copy, "mixture") && strchr("( ", copy[7]);
    bool is_read = is_mixture ? read_mixture(copy, &law, &expected)
                              : read_part(copy, &law.parts[0], &expected);
    if (is_read)
        *ret = law;
    else if (ret_expected)
        *ret_expected = g_strdup(expected);
    return is_read;
}

SimLaw
sim_law_constant(SimTime value)
{
    return (SimLaw){.n_parts = 1, .parts[0] = {.a = value, .share = 1.0}};
}

static SimTime
part_quantile(const SimLawPart *part, double p)
{
    switch (part->kind) {
    case SIM_LAW_CONSTANT:
        return part->a;
    case SIM_LAW_EXPONENTIAL:
        return sim_from_nanoseconds(-sim_log1p(-p) * (double)part->a);
    case SIM_LAW_LOGNORMAL:
        if (part->a == 0)
            return 0;
        return sim_from_nanoseconds((double)part->a *
                                    sim_exp(part->sigma * sim_normal_quantile(p)));
    case SIM_LAW_UNIFORM:
        return sim_time_add(part->a, sim_from_nanoseconds((double)(part->b - part->a) * p));
    }
    g_assert_not_reached();
}

static double
part_cdf(const SimLawPart *part, SimTime time)
{
    double t = (double)time, a = (double)part->a;
    if (time < 0)
        return 0.0;
    switch (part->kind) {
    case SIM_LAW_CONSTANT:
        return time >= part->a ? 1.0 : 0.0;
    case SIM_LAW_EXPONENTIAL:
        return part->a > 0 ? -sim_expm1(-t / a) : 1.0;
    case SIM_LAW_LOGNORMAL:
        if (time == 0 || part->a == 0 || part->sigma == 0.0)
            return time >= part->a ? 1.0 : 0.0;
        return sim_normal_cdf(sim_log(t / a) / part->sigma);
    case SIM_LAW_UNIFORM:
        if (time >= part->b)
            return 1.0;
        return time <= part->a ? 0.0 : (t - a) / ((double)part->b - a);
    }
    g_assert_not_reached();
}

static double
part_mean(const SimLawPart *part)
{
    switch (part->kind) {
    case SIM_LAW_CONSTANT:
    case SIM_LAW_EXPONENTIAL:
        return (double)part->a;
    case SIM_LAW_LOGNORMAL:
        return (double)part->a * sim_exp(part->sigma * part->sigma / 2);
    case SIM_LAW_UNIFORM:
        return ((double)part->a + (double)part->b) / 2;
    }
    g_assert_not_reached();
}

SimTime
sim_law_sample(const SimLaw *law, SimRng *rng)
{
    uint32_t i = 0;
    if (law->n_parts > 1) {
        double u = sim_rng_unit(rng);
        while (i + 1 < law->n_parts && u >= law->parts[i].share)
            u -= law->parts[i++].share;
    }
    const SimLawPart *part = &law->parts[i];
    return part->kind == SIM_LAW_CONSTANT ? part->a : part_quantile(part, sim_rng_unit(rng));
}

SimTime
sim_law_mean(const SimLaw *law)
{
    if (law->n_parts <= 1)
        return sim_from_nanoseconds(part_mean(&law->parts[0]));
    double mean = 0;
    for (uint32_t i = 0; i < law->n_parts; i++)
        mean += law->parts[i].share * part_mean(&law->parts[i]);
    return sim_from_nanoseconds(mean);
}

double
sim_law_cdf(const SimLaw *law, SimTime time)
{
    if (law->n_parts <= 1)
        return part_cdf(&law->parts[0], time);
    double sum = 0;
    for (uint32_t i = 0; i < law->n_parts; i++)
        sum += law->parts[i].share * part_cdf(&law->parts[i], time);
    return sum;
}

SimTime
sim_law_quantile(const SimLaw *law, double p)
{
    p = p > 0.0 ? MIN(p, 1.0 - 0x1p-53) : 0.0;
    if (law->n_parts <= 1)
        return part_quantile(&law->parts[0], p);
    /* Bisection: cdf(below) < p <= cdf(above), once the edge case of p = 0 is out of the way. */
    SimTime below = -1, above = SIM_TIME_MAX;
    while (above - 1 > below) {
        SimTime middle = below + (above - 1 - below) / 2 + 1;
        if (sim_law_cdf(law, middle) >= p)
            above = middle;
        else
            below = middle;
    }
    return above;
}

static void
format_part(const SimLawPart *part, GString *out)
{
    char a[SIM_QUANTITY_TEXT_MAX], b[SIM_QUANTITY_TEXT_MAX], sigma[SIM_QUANTITY_TEXT_MAX];
    sim_quantity_exact_duration(a, sizeof a, part->a);
    sim_quantity_exact_duration(b, sizeof b, part->b);
    sim_quantity_exact_number(sigma, sizeof sigma, part->sigma);
    switch (part->kind) {
    case SIM_LAW_CONSTANT:
        g_string_append(out, a);
        return;
    case SIM_LAW_EXPONENTIAL:
        g_string_append_printf(out, "exponential(mean %s)", a);
        return;
    case SIM_LAW_LOGNORMAL:
        g_string_append_printf(out, "lognormal(median %s, sigma %s)", a, sigma);
        return;
    case SIM_LAW_UNIFORM:
        g_string_append_printf(out, "uniform(%s, %s)", a, b);
        return;
    }
}

char *
sim_law_format(const SimLaw *law)
{
    GString *out = g_string_new(NULL);
    if (law->n_parts <= 1)
        format_part(&law->parts[0], out);
    for (uint32_t i = 0; law->n_parts > 1 && i < law->n_parts; i++) {
        char share[SIM_QUANTITY_TEXT_MAX];
        sim_quantity_exact_share(share, sizeof share, law->parts[i].share);
        g_string_append_printf(out, "%s%s ", i == 0 ? "mixture(" : ", ", share);
        format_part(&law->parts[i], out);
    }
    if (law->n_parts > 1)
        g_string_append_c(out, ')');
    return g_string_free(out, FALSE);
}
