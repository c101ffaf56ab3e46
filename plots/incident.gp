# incident.gp - figure 1: what users saw, and why, over the whole run.
#
#   gnuplot incident.gp                       light PNG
#   gnuplot -e "theme='dark'; format='svg'" incident.gp
#
# Reads incident.tsv, incident_causes.tsv, incident_watched.tsv and the files of style.gp.

FIGURE = 'incident'
load 'style.gp'

CAUSES_MAX = 6
array cause_text[CAUSES_MAX]
array cause_share[CAUSES_MAX]
n_causes = 0
row = -1
stats 'incident_causes.tsv' using (row = row + 1, row > 0 && n_causes < CAUSES_MAX ? \
    (n_causes = n_causes + 1, cause_share[n_causes] = column(2), \
    cause_text[n_causes] = strcol(3), 0) : 0, 0) nooutput
WATCHED_MAX = 4
array watched_text[WATCHED_MAX]
array WATCHED_COLOURS[WATCHED_MAX] = [PURPLE, BLUE, ORANGE, GREEN]
n_watched = 0
row = -1
stats 'incident_watched.tsv' using (row = row + 1, row > 0 && n_watched < WATCHED_MAX ? \
    (n_watched = n_watched + 1, watched_text[n_watched] = strcol(2), 0) : 0, 0) nooutput

set datafile columnheaders
DATA = 'incident.tsv'
eval MEASURE_TIME

# What is left of 100 % under the first k causes; where nothing is known nothing was lost.  A
# plot's loop runs once even if it should not.
left_under(k) = k > n_causes ? 100 : \
    100 - 100 * (sum [c = 1:k] value_or(sprintf('cause_%d', c), 0))

# ---- Measure.
low = 100.0
slowest = 0.0
quickest = 1e9
busiest = 0.0
watched_low = 100.0
stats DATA using (v = left_under(n_causes), v < low ? low = v : 0, \
    v = value_or('p50', 0), v > 0 && v < quickest ? quickest = v : 0, \
    v = value_or('p99', 0), v > slowest ? slowest = v : 0, \
    v = value_or('offered', 0), v > busiest ? busiest = v : 0, \
    v = value_or('served', 0), v > busiest ? busiest = v : 0, 0) nooutput
do for [w = 1:n_watched] {
    stats DATA using (v = 100 * value_or(sprintf('watched_%d', w), 1), \
        v < watched_low ? watched_low = v : 0, 0) nooutput
}
if (slowest <= 0) { quickest = 0.01; slowest = 1.0 }
if (quickest > slowest) quickest = slowest
if (busiest <= 0) busiest = 1.0

# ---- Lay out.
GAP = 16
PANELS_HEIGHT = 190 + GAP + 112 + GAP + 92 + (n_watched ? GAP + 86 : 0)
eval LAY_OUT
eval OPEN_PICTURE
set multiplot

# ---- a. Success hangs from 100 %: the area above the line is what was lost, by first cause.
PANEL_TOP = FIRST
PANEL_BOTTOM = PANEL_TOP + 190
eval NEXT_PANEL
SHOWS = 'What users saw, and why. Times are UTC.'
eval FRAME
LEGEND_TEXT = 'Requests that succeed'
eval LEGEND_HEADING
LEGEND_TEXT = 'success'
LEGEND_COLOUR = INK
eval LEGEND_ENTRY
legend_y = legend_y + 8
LEGEND_TEXT = 'Lost requests by first cause'
eval LEGEND_HEADING
do for [i = 1:n_causes] {
    LEGEND_TEXT = sprintf('%s  %s', cause_text[i], cause_share[i] == 0 ? '0%' : \
        cause_share[i] < 0.01 ? '<1%' : sprintf('%.0f%%', 100 * cause_share[i]))
    LEGEND_COLOUR = CAUSE_COLOURS[i]
    eval LEGEND_ENTRY
}
if (n_causes == 0) {
    LEGEND_TEXT = 'none'
    LEGEND_COLOUR = GROUND
    eval LEGEND_ENTRY
}
bottom = floor_under(low)
set yrange [bottom:100]
set ytics bottom, percent_step(bottom), 100
set format y '%g%%'
plot for [k = 1:n_causes] DATA using (column('time')):(left_under(k - 1)):(left_under(k)) \
        with filledcurves linecolor rgb CAUSE_COLOURS[k], \
    DATA using (column('time')):(left_under(n_causes) + 0 * column('offered')) \
        with lines linewidth 1.3 linecolor rgb INK

# ---- b. Latency.
PANEL_TOP = PANEL_BOTTOM + GAP
PANEL_BOTTOM = PANEL_TOP + 112
eval NEXT_PANEL
LEGEND_TEXT = 'Latency of served requests'
eval LEGEND_HEADING
array QUANTILE_COLOURS[3] = [IS_DARK ? '#3d7ab0' : SKY, IS_DARK ? '#6fb7e6' : BLUE, \
    IS_DARK ? '#dce9f5' : '#0b3a5e']
array QUANTILES[3] = ['p99', 'p95', 'p50']
do for [i = 1:3] {
    LEGEND_TEXT = i == 1 ? 'p99: one in a hundred is slower' : i == 2 ? 'p95' : 'p50: the median'
    LEGEND_COLOUR = QUANTILE_COLOURS[4 - i]
    eval LEGEND_ENTRY
}
set logscale y
set yrange [quickest / 1.3:slowest * 1.3]
steps = slowest / quickest > 2000 ? '1' : slowest / quickest > 30 ? '1 3' : '1 2 5'
set ytics ()
do for [e = -6:4] {
    do for [m in steps] {
        v = m * 10.0 ** e
        set ytics add ((v < 0.001 ? sprintf('%g µs', v * 1e6) : \
            v < 1 ? sprintf('%g ms', v * 1e3) : sprintf('%g s', v)) v)
    }
}
plot for [i = 1:3] DATA using (column('time')):(column(QUANTILES[4 - i])) with lines \
    linewidth 1.2 linecolor rgb QUANTILE_COLOURS[i]

# ---- c. Load.
PANEL_TOP = PANEL_BOTTOM + GAP
PANEL_BOTTOM = PANEL_TOP + 92
eval NEXT_PANEL
LEGEND_TEXT = 'Requests per second'
eval LEGEND_HEADING
LEGEND_TEXT = 'offered, with retries'
LEGEND_COLOUR = VERMILION
eval LEGEND_ENTRY
LEGEND_TEXT = 'served'
LEGEND_COLOUR = SKY
eval LEGEND_ENTRY
set yrange [0:busiest * 1.1]
AMOUNT = busiest
eval AMOUNT_TICS
if (n_watched == 0) {
    eval TIME_LABELS
}
plot DATA using (column('time')):(0):(value_or('served', 0)) with filledcurves \
        linecolor rgb SKY fillstyle transparent solid 0.45, \
    DATA using (column('time')):(column('offered')) with lines linewidth 1.2 \
        linecolor rgb VERMILION

# ---- d. Availability of what the scenario watches.
if (n_watched) {
    PANEL_TOP = PANEL_BOTTOM + GAP
    PANEL_BOTTOM = LAST_BOTTOM
    eval NEXT_PANEL
        LEGEND_TEXT = 'Availability'
    eval LEGEND_HEADING
    do for [i = 1:n_watched] {
        LEGEND_TEXT = watched_text[i]
        LEGEND_COLOUR = WATCHED_COLOURS[i]
        eval LEGEND_ENTRY
    }
    bottom = floor_under(watched_low)
    set yrange [bottom:100 + (100 - bottom) * 0.04]
    set ytics bottom, percent_step(bottom), 100
    set format y '%g%%'
    eval TIME_LABELS
    plot for [i = 1:n_watched] DATA \
        using (column('time')):(100 * column(sprintf('watched_%d', i))) with lines \
        linewidth 1.3 linecolor rgb WATCHED_COLOURS[i]
}
unset multiplot
