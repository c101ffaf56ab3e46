# pops.gp - figure 2: the share of failed requests by PoP and time.
#
#   gnuplot pops.gp                           light PNG
#   gnuplot -e "theme='dark'; format='svg'" pops.gp
#
# Reads pops.tsv, pops_rows.tsv and the files of style.gp.  Colour goes by the square root of
# the share, so that one percent can be told from none.

FIGURE = 'pops'
load 'style.gp'

# ---- Measure: the rows and their regions, then time from the header of the matrix.
ROWS_MAX = 4096
REGIONS_MAX = 64
NAMED_MAX = 40
array pop_name[NAMED_MAX]
array region_name[REGIONS_MAX]
array region_first[REGIONS_MAX]
array region_y[REGIONS_MAX]
n_rows = 0
n_regions = 0
row = -1
same(name) = n_regions > 0 && region_name[n_regions] eq name
stats 'pops_rows.tsv' using (row = row + 1, \
    row > 0 && !same(strcol(2)) && n_regions < REGIONS_MAX ? (n_regions = n_regions + 1, \
    region_name[n_regions] = strcol(2), region_first[n_regions] = row - 1, 0) : 0, \
    row > 0 && row <= NAMED_MAX ? (pop_name[row] = strcol(1), 0) : 0, 0) nooutput
n_rows = row
n_columns = 0
first_time = 0.0
second_time = 0.0
stats 'pops.tsv' every ::0::0 using (n_columns = int(column(1)), first_time = column(2), 0) nooutput
if (n_columns > 1) {
    stats 'pops.tsv' every ::0::0 using (second_time = column(3), 0) nooutput
}
step = n_columns > 1 ? second_time - first_time : 1.0
time_begin = first_time - step / 2
time_end = time_begin + step * n_columns
span = time_end - time_begin
region_end(r) = r < n_regions ? region_first[r + 1] : n_rows

# ---- Lay out: every row has a whole number of device pixels where that is possible.
IS_NAMED = n_rows <= NAMED_MAX
row_height = IS_NAMED ? (n_rows <= 4 ? 26.0 : 15.0) : \
    n_rows <= 70 ? 8.0 : n_rows <= 140 ? 4.0 : n_rows <= 190 ? 3.0 : n_rows <= 280 ? 2.0 : \
    n_rows <= 420 ? 1.5 : 600.0 / n_rows
NAMES = IS_NAMED ? 58 : 10
LEFT = 124.0 + NAMES
RIGHT = 148.0
FLAGS = 66.0
RIBBON = n_events ? 80.0 : 60.0
PANEL_TOP = RIBBON + (n_phases ? RIBBON_HEIGHT + 2 : 0)
PANEL_BOTTOM = PANEL_TOP + row_height * n_rows
BAR_HEIGHT = 150.0
below_bar = PANEL_TOP + 40 + BAR_HEIGHT + 34
KEY_TOP = PANEL_BOTTOM + (span > 129600 ? 58 : 46)
KEY_TOP = KEY_TOP < below_bar ? below_bar : KEY_TOP
HEIGHT = KEY_TOP + KEY_ROW * key_rows + 14
eval OPEN_PICTURE
eval NEXT_PANEL
SHOWS = 'Share of failed requests by PoP, from west to east in each region. Times are UTC.'
eval HEADER
eval PHASE_RIBBON
column_x = WIDTH - RIGHT + 18
eval PHASE_NAMES
eval EVENT_FLAGS
eval EVENT_KEY

# The ground of the panel is what shows where a PoP has no traffic.
NO_TRAFFIC = IS_DARK ? '#46525f' : '#c2c9d1'
do for [i = 1:n_phases] { unset object 100 + i }
set object 1 rectangle fillcolor rgb NO_TRAFFIC
do for [i = 1:n_events] {
    set arrow 500 + i front linewidth 0.5 linecolor rgb (IS_DARK ? '#97a3b3' : '#5d6b7c')
}

# ---- Rows: names of PoPs if they can be read, regions with a line between them.
set yrange [n_rows - 0.5:-0.5]
unset grid
if (IS_NAMED) { set ytics () } else { unset ytics }
do for [i = 1:(IS_NAMED ? n_rows : 0)] { set ytics add (pop_name[i] i - 1) }
REGION_SPACE = 13.0
do for [r = 1:n_regions] {
    region_y[r] = PANEL_TOP + row_height * (region_first[r] + region_end(r)) / 2.0
}
do for [sweep = 1:40] {
    do for [r = 2:n_regions] {
        d = (REGION_SPACE - region_y[r] + region_y[r - 1]) / 2
        region_y[r - 1] = d > 0 ? region_y[r - 1] - d : region_y[r - 1]
        region_y[r] = d > 0 ? region_y[r] + d : region_y[r]
    }
}
do for [r = 1:n_regions] {
    middle = PANEL_TOP + row_height * (region_first[r] + region_end(r)) / 2.0
    top = PANEL_TOP + row_height * region_first[r] + 1
    bottom = PANEL_TOP + row_height * region_end(r) - 1
    x = LEFT - NAMES
    set label 2000 + r region_name[r] noenhanced right front font NORMAL_FONT textcolor rgb INK \
        at screen sx(x - 14), screen sy(region_y[r])
    set arrow 2000 + r nohead front linewidth 0.8 linecolor rgb MUTED \
        from screen sx(x - 11), screen sy(region_y[r]) to screen sx(x - 4), screen sy(middle)
    set arrow 2100 + r nohead front linewidth 1.2 linecolor rgb MUTED \
        from screen sx(x - 4), screen sy(top) to screen sx(x - 4), screen sy(bottom)
    if (r > 1) {
        set arrow 2200 + r nohead front linewidth 0.9 linecolor rgb GROUND \
            from graph 0, first region_first[r] - 0.5 to graph 1, first region_first[r] - 0.5
    }
}

# ---- Colour.
if (IS_DARK) {
    set palette defined (0 '#151a22', 0.08 '#2b1a38', 0.25 '#701f57', 0.42 '#ad1759', \
        0.58 '#e13342', 0.73 '#f37651', 0.87 '#f6b48f', 1 '#fdf3e7')
} else {
    set palette defined (0 '#fbf7f2', 0.08 '#f9e0cb', 0.25 '#f6b48f', 0.42 '#f37651', \
        0.58 '#e13342', 0.73 '#ad1759', 0.87 '#701f57', 1 '#2b1533')
}
LEGEND_TEXT = 'Failed requests'
eval LEGEND_HEADING
bar_top = PANEL_TOP + 26
set colorbox user origin screen sx(column_x), screen sy(bar_top + BAR_HEIGHT) \
    size screen sx(14), screen (BAR_HEIGHT / HEIGHT) noborder
set cbrange [0:1]
set cbtics ('0%%' 0, '1%%' 0.1, '5%%' sqrt(0.05), '20%%' sqrt(0.2), '50%%' sqrt(0.5), '100%%' 1) \
    scale 0 nomirror offset -0.6, 0 textcolor rgb MUTED font SMALL_FONT
legend_y = bar_top + BAR_HEIGHT + 18
LEGEND_TEXT = 'no traffic'
LEGEND_COLOUR = NO_TRAFFIC
eval LEGEND_ENTRY
eval TIME_LABELS
set xrange [time_begin:time_end]
set xrange [time_begin:time_end]
# Matrices are kept in single precision: the times of the first line are too long for it, so
# the first line and column are passed over and places are counted.
time_of(i) = first_time + (i - 1) * step
shade(v) = v < 0 ? NaN : sqrt(v)
if (n_rows > 1 && n_columns > 1) {
    plot 'pops.tsv' matrix every 1:1:1:1 using (time_of($1)):($2 - 1):(shade($3)) with image
} else {
    # Less than two rows or columns are no image; boxes overlap, or gaps would show.
    plot 'pops.tsv' matrix every 1:1:1:1 using (time_of($1)):($2 - 1): \
        (time_of($1 - 0.5)):(time_of($1 + 1)):($2 - 1.5):($2 - 0.5):(shade($3)) \
        with boxxyerror fillcolor palette
}
