#include "models/condition.h"

#include "sim/quantity.h"

#include <string.h>

static const char *const signs[] = {
    [ABOVE] = ">",    [AT_LEAST] = ">=", [BELOW] = "<",
    [AT_MOST] = "<=", [EQUAL] = "==",    [UNEQUAL] = "!=",
};

bool
comparison_holds(Comparison comparison, double left, double right)
{
    switch (comparison) {
    case ABOVE:
        return left > right;
    case AT_LEAST:
        return left >= right;
    case BELOW:
        return left < right;
    case AT_MOST:
        return left <= right;
    case EQUAL:
        return left == right;
    case UNEQUAL:
        return left != right;
    }
    return false;
}

static bool
read_sign(const char *text, Comparison *ret)
{
    for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strcmp(text, signs[i]) == 0) {
            *ret = (Comparison)i;
            return true;
        }
    return false;
}

bool
value_read(const char *text, double *ret)
{
    SimTime duration;
    if (sim_quantity_count(text, ret) || sim_quantity_share(text, ret) ||
        sim_quantity_rate(text, ret) || sim_quantity_factor(text, ret))
        return true;
    if (!sim_quantity_duration(text, &duration))
        return false;
    *ret = sim_seconds(duration);
    return true;
}

/* Splits "a > 5% for 2m" at white space; NULL-terminated. */
static char **
words_of(const SimNode *node)
{
    if (node->kind != SIM_NODE_SCALAR)
        return NULL;
    g_autofree char *text = g_strdup(node->scalar);
    char **words = g_strsplit_set(g_strstrip(text), " \t\n", -1);
    guint n = 0;
    for (guint i = 0; words[i]; i++)
        if (*words[i])
            words[n++] = words[i];
        else
            g_free(words[i]);
    words[n] = NULL;
    return words;
}

bool
condition_parse(SimFields *fields, const SimNode *node, void *destination)
{
    Condition *condition = destination;
    g_auto(GStrv) words = words_of(node);
    if (!words || g_strv_length(words) != 3 || !read_sign(words[1], &condition->comparison) ||
        !value_read(words[2], &condition->value)) {
        sim_fields_error(fields, node->mark,
                         "'%s' is no condition: expected PROPERTY, one of > >= < <= == !=, and a "
                         "number, such as features > 200",
                         node->kind == SIM_NODE_SCALAR ? node->scalar : "…");
        return false;
    }
    condition->property = sim_fields_strdup(fields, words[0]);
    return true;
}

bool
trigger_parse(SimFields *fields, const SimNode *node, void *destination)
{
    Trigger *trigger = destination;
    g_auto(GStrv) words = words_of(node);
    guint n = words ? g_strv_length(words) : 0;
    bool ok = (n == 3 || (n == 5 && strcmp(words[3], "for") == 0)) &&
              read_sign(words[1], &trigger->comparison) && value_read(words[2], &trigger->value) &&
              (n == 3 || sim_quantity_duration(words[4], &trigger->lasting));
    if (!ok) {
        sim_fields_error(
            fields, node->mark,
            "'%s' is no condition on a metric: expected METRIC, one of > >= < <= == "
            "!=, a value and perhaps 'for' and a duration, such as errors > 5%% for 2m",
            node->kind == SIM_NODE_SCALAR ? node->scalar : "…");
        return false;
    }
    trigger->metric = sim_fields_strdup(fields, words[0]);
    return true;
}

void
condition_print(const void *data, GString *out)
{
    const Condition *condition = data;
    char value[SIM_QUANTITY_TEXT_MAX];
    if (condition->property)
        g_string_append_printf(out, "%s %s %s", condition->property, signs[condition->comparison],
                               sim_quantity_exact_number(value, sizeof value, condition->value));
}

void
trigger_print(const void *data, GString *out)
{
    const Trigger *trigger = data;
    char value[SIM_QUANTITY_TEXT_MAX], duration[SIM_QUANTITY_TEXT_MAX];
    if (!trigger->metric)
        return;
    g_string_append_printf(out, "%s %s %s", trigger->metric, signs[trigger->comparison],
                           sim_quantity_exact_number(value, sizeof value, trigger->value));
    if (trigger->lasting) {
        g_string_append_printf(
            out, " for %s",
            sim_quantity_exact_duration(duration, sizeof duration, trigger->lasting));
    }
}
