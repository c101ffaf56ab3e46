# cache.gp - figure 4: how caches refill, and what that costs the origins.
#
#   gnuplot cache.gp                          light PNG
#   gnuplot -e "theme='dark'; format='svg'" cache.gp
#
# Reads cache.tsv, cache_marks.tsv and the files of style.gp.

FIGURE = 'cache'
load 'style.gp'
MARKS = 'cache_marks.tsv'
MARKS_KIND = ''
eval READ_MARKS

set datafile columnheaders
DATA = 'cache.tsv'
eval MEASURE_TIME

# ---- Measure.
low = 1.0
busiest = 1.0
is_limited = 0
is_limited = 0
stats DATA using (v = value_or('hit_ratio', 1), v < low ? low = v : 0, \
    v = value_or('warm', 1), v < low ? low = v : 0, \
    v = value_or('origin_load', 0), v > busiest ? busiest = v : 0, \
    v = value_or('origin_capacity', -1), v > busiest ? busiest = v : 0, \
    v >= 0 ? is_limited = 1 : 0, 0) nooutput

GAP = 16
PANELS_HEIGHT = 170 + GAP + 150
eval LAY_OUT
eval OPEN_PICTURE
set multiplot

# ---- a. What the caches hold, and what that is worth.
PANEL_TOP = FIRST
PANEL_BOTTOM = PANEL_TOP + 170
eval NEXT_PANEL
SHOWS = 'Cache refill, and what misses cost the origins. Times are UTC.'
eval FRAME
LEGEND_TEXT = 'Caches'
eval LEGEND_HEADING
LEGEND_TEXT = 'hit ratio, cacheable requests'
LEGEND_COLOUR = BLUE
eval LEGEND_ENTRY
LEGEND_TEXT = 'share warm: bytes held'
LEGEND_COLOUR = ORANGE
eval LEGEND_ENTRY
bottom = floor_under(100 * low) < 90 ? 0 : floor_under(100 * low)
set yrange [bottom:100]
set ytics bottom, percent_step(bottom), 100
set format y '%g%%'
plot DATA using (column('time')):(100 * column('warm')) with lines linewidth 1.6 \
        linecolor rgb ORANGE, \
    DATA using (column('time')):(100 * column('hit_ratio')) with lines linewidth 1.6 \
        linecolor rgb BLUE

# ---- b. Origins: what is above capacity waits or fails; without a limit there is the load alone.
PANEL_TOP = PANEL_BOTTOM + GAP
PANEL_BOTTOM = LAST_BOTTOM
eval NEXT_PANEL
LEGEND_TEXT = 'Origin requests per second'
eval LEGEND_HEADING
LEGEND_TEXT = 'load'
LEGEND_COLOUR = SKY
eval LEGEND_ENTRY
if (is_limited) {
    LEGEND_TEXT = 'above capacity'
    LEGEND_COLOUR = VERMILION
    eval LEGEND_ENTRY
    LEGEND_TEXT = 'capacity'
    LEGEND_COLOUR = INK
    eval LEGEND_ENTRY
}
set yrange [0:busiest * 1.1]
AMOUNT = busiest
eval AMOUNT_TICS
eval TIME_LABELS
load_now(x) = value_or('origin_load', 0)
capacity_now(x) = value_or('origin_capacity', 1e18)
capacity_now(x) = value_or('origin_capacity', load_now(x))
within(x) = capacity_now(x) < load_now(x) ? capacity_now(x) : load_now(x)
LOAD = "DATA using (column('time')):(0):(within(0)) with filledcurves linecolor rgb SKY ".\
    "fillstyle transparent solid 0.55"
LIMIT = "DATA using (column('time')):(within(0)):(load_now(0)) with filledcurves ".\
    "linecolor rgb VERMILION fillstyle transparent solid 0.85, ".\
    "DATA using (column('time')):(column('origin_capacity')) with lines linewidth 1.3 ".\
    "dashtype (8, 5) linecolor rgb INK"
eval 'plot '.LOAD.(is_limited ? ', '.LIMIT : '')
unset multiplot
