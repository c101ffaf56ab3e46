# budget.gp - figure 7: how much of the error budget was burnt, how fast, and who was told.
#
#   gnuplot budget.gp                         light PNG
#   gnuplot -e "theme='dark'; format='svg'" budget.gp
#
# Reads budget.tsv, budget_about.tsv, budget_windows.tsv, budget_observers.tsv, budget_alerts.tsv,
# budget_marks.tsv and the files of style.gp.

FIGURE = 'budget'
load 'style.gp'
MARKS = 'budget_marks.tsv'
MARKS_KIND = ''
eval READ_MARKS

slo = ''
monitor = ''
stats 'budget_about.tsv' using (strcol(1) eq 'slo' ? slo = strcol(2) : 0, \
    strcol(1) eq 'monitor' ? monitor = strcol(2) : 0, 0) nooutput
PAIRS_MAX = 3
array pair_burn[PAIRS_MAX]
array pair_kind[PAIRS_MAX]
array pair_text[PAIRS_MAX]
array PAIR_COLOURS[PAIRS_MAX] = [VERMILION, ORANGE, SKY]
n_pairs = 0
row = -1
stats 'budget_windows.tsv' using (row = row + 1, row > 0 && n_pairs < PAIRS_MAX ? \
    (n_pairs = n_pairs + 1, pair_burn[n_pairs] = column(2), pair_kind[n_pairs] = strcol(3), \
    pair_text[n_pairs] = strcol(4), 0) : 0, 0) nooutput
OBSERVERS_MAX = 12
array observer_text[OBSERVERS_MAX]
n_observers = 0
row = -1
stats 'budget_observers.tsv' using (row = row + 1, row > 0 && n_observers < OBSERVERS_MAX ? \
    (n_observers = n_observers + 1, observer_text[n_observers] = strcol(2), 0) : 0, 0) nooutput
# What each of them gave, beside its name.
array observer_kinds[OBSERVERS_MAX]
do for [i = 1:OBSERVERS_MAX] { observer_kinds[i] = '' }
n_alerts = -1
told(i, kind) = strstrt(observer_kinds[i], kind) ? 0 : \
    (observer_kinds[i] = observer_kinds[i].(observer_kinds[i] eq '' ? '' : ', ').kind, 0)
stats 'budget_alerts.tsv' using (n_alerts = n_alerts + 1, \
    n_alerts > 0 ? told(int(column(1)) + 1, strcol(4)) : 0, 0) nooutput

# ---- Measure.
set datafile columnheaders
DATA = 'budget.tsv'
eval MEASURE_TIME
most = 0.0
last = 0.0
fastest = 1.0
stats DATA using (v = 100 * value_or('burnt', 0), v > most ? most = v : 0, last = v, 0) nooutput
do for [i = 1:n_pairs] {
    fastest = pair_burn[i] > fastest ? pair_burn[i] : fastest
    stats DATA using (v = value_or(sprintf('short_%d', i), 0), v > fastest ? fastest = v : 0, \
        v = value_or(sprintf('long_%d', i), 0), v > fastest ? fastest = v : 0, 0) nooutput
}
if (most <= 0) most = 1e-3

# ---- Lay out.
LANE = 19.0
GAP = 16
ALERTS_HEIGHT = n_observers ? n_observers * LANE + 4 : 0
RATE_HEIGHT = 176
PANELS_HEIGHT = 118 + GAP + RATE_HEIGHT + (n_observers ? GAP + ALERTS_HEIGHT : 0)
eval LAY_OUT
eval OPEN_PICTURE
set multiplot

# ---- a. The budget.
PANEL_TOP = FIRST
PANEL_BOTTOM = PANEL_TOP + 118
eval NEXT_PANEL
SHOWS = 'How much of the error budget was burnt, how fast, and who was told. Times are UTC.'
eval FRAME
LEGEND_TEXT = 'Error budget burnt'
eval LEGEND_HEADING
LEGEND_TEXT = slo
LEGEND_COLOUR = VERMILION
eval LEGEND_ENTRY
LEGEND_TEXT = monitor
LEGEND_COLOUR = GROUND
eval LEGEND_ENTRY
LEGEND_TEXT = sprintf(last < 0.01 ? 'at the end %.2g%%' : last < 10 ? 'at the end %.2f%%' : \
    'at the end %.0f%%', last)
eval LEGEND_ENTRY
set yrange [0:most * 1.1]
set ytics round_step(most * 1.1)
set format y '%g%%'
plot DATA using (column('time')):(0):(100 * value_or('burnt', 0)) with filledcurves \
        linecolor rgb VERMILION fillstyle transparent solid 0.3, \
    DATA using (column('time')):(100 * column('burnt')) with lines linewidth 1.3 \
        linecolor rgb VERMILION, \
    most > 60 ? 100 : NaN with lines linewidth 0.9 dashtype (6, 4) linecolor rgb INK

# ---- b. The rate.
PANEL_TOP = PANEL_BOTTOM + GAP
PANEL_BOTTOM = PANEL_TOP + RATE_HEIGHT
eval NEXT_PANEL
LEGEND_TEXT = 'Burn rate, and its limits'
eval LEGEND_HEADING
do for [i = 1:n_pairs] {
    LEGEND_TEXT = sprintf('%gx %s: %s', pair_burn[i], pair_kind[i], pair_text[i])
    LEGEND_COLOUR = PAIR_COLOURS[i]
    eval LEGEND_ENTRY
}
LEGEND_COLOUR = GROUND
LEGEND_TEXT = 'thick: the long window'
eval LEGEND_ENTRY
LEGEND_TEXT = 'thin: the short one'
eval LEGEND_ENTRY
LEGEND_TEXT = 'dashed: the limit of both'
eval LEGEND_ENTRY
SLOWEST = 0.1
set logscale y
set yrange [SLOWEST:fastest * 1.7]
set ytics ()
do for [e = -1:6] {
    set ytics add (sprintf('%gx', 10.0 ** e) 10.0 ** e)
}
do for [i = 1:n_pairs] {
    set arrow 600 + i nohead front linewidth 1.0 dashtype (6, 4) \
        linecolor rgb PAIR_COLOURS[i] from graph 0, first pair_burn[i] \
        to graph 1, first pair_burn[i]
    set label 600 + i sprintf('%gx', pair_burn[i]) left front font SMALL_FONT \
        textcolor rgb PAIR_COLOURS[i] at graph 0.006, first pair_burn[i] offset 0, 0.55
}
if (!n_observers) {
    eval TIME_LABELS
}
at_least(v) = v < SLOWEST ? SLOWEST : v
plot for [i = 1:n_pairs] DATA \
        using (column('time')):(at_least(value_or(sprintf('short_%d', n_pairs + 1 - i), 0))) \
        with lines linewidth 0.7 linecolor rgb PAIR_COLOURS[n_pairs + 1 - i], \
    for [i = 1:n_pairs] DATA \
        using (column('time')):(at_least(value_or(sprintf('long_%d', n_pairs + 1 - i), 0))) \
        with lines linewidth 1.7 linecolor rgb PAIR_COLOURS[n_pairs + 1 - i]

# ---- c. The alerts, a lane for each observer with its name beside it.
if (n_observers) {
    PANEL_TOP = PANEL_BOTTOM + GAP
    PANEL_BOTTOM = LAST_BOTTOM
    eval NEXT_PANEL
    do for [i = 1:n_observers] {
        set label 2000 + i observer_text[i] noenhanced left front font NORMAL_FONT \
            textcolor rgb INK at screen sx(column_x), screen sy(PANEL_TOP + 2 + (i - 0.5) * LANE)
        set label 2050 + i observer_kinds[i] left front font SMALL_FONT textcolor rgb MUTED \
            at screen sx(column_x + text_width(observer_text[i], NORMAL) + 8), \
            screen sy(PANEL_TOP + 2 + (i - 0.5) * LANE)
        if (i > 1) {
            set arrow 2000 + i nohead back linewidth 0.6 linecolor rgb GRID \
                from graph 0, first 2 + (i - 1) * LANE to graph 1, first 2 + (i - 1) * LANE
        }
    }
    unset ytics
    unset grid
    set yrange [ALERTS_HEIGHT:0]
    set label 2100 'alerts' right front font SMALL_FONT textcolor rgb MUTED \
        at screen sx(LEFT - 8), screen sy(PANEL_TOP + 2 + LANE / 2)
    eval TIME_LABELS
    colour_of(kind) = kind eq 'page' ? (IS_DARK ? 0xf0702a : 0xd55e00) : \
        kind eq 'ticket' ? 0xe69f00 : 0x8a96a3
    least(begin, end) = end - begin < span / 400.0 ? begin + span / 400.0 : end
    if (n_alerts > 0) {
        plot 'budget_alerts.tsv' using (column(2)):(0): \
            (clip(column(2))):(clip(least(column(2), column(3)))): \
            (5 + column(1) * LANE):(LANE - 1 + column(1) * LANE):(colour_of(strcol(4))) \
            with boxxyerror fillcolor rgb variable fillstyle solid noborder, \
            'budget_alerts.tsv' using (column(2)):(2 + (column(1) + 0.5) * LANE): \
            (time_x(clip(column(3))) - time_x(clip(column(2))) > \
                text_width(strcol(4), SMALL) + 8 ? strcol(4) : ' ') \
            with labels noenhanced left offset 0.5, 0 font SMALL_FONT textcolor rgb '#11161d'
    } else {
        set label 2200 'no alert fires' left front font SMALL_FONT textcolor rgb MUTED \
            at graph 0.01, screen sy(PANEL_TOP + 2 + LANE / 2)
        plot -1
    }
}
unset multiplot
