# retries.gp - figure 5: what failures add to the load, and who waits.
#
#   gnuplot retries.gp                        light PNG
#   gnuplot -e "theme='dark'; format='svg'" retries.gp
#
# Reads retries.tsv and the files of style.gp.

FIGURE = 'retries'
load 'style.gp'
set datafile columnheaders
DATA = 'retries.tsv'
eval MEASURE_TIME

# ---- Measure.
fresh(x) = value_or('fresh', 0)
retried(x) = fresh(x) + value_or('machine_retries', 0)
offered(x) = retried(x) + value_or('human_reloads', 0)
busiest = 1.0
most_waiting = 0.0
most_logins = 0.0
stats DATA using (v = offered(0), v > busiest ? busiest = v : 0, \
    v = value_or('goodput', 0), v > busiest ? busiest = v : 0, \
    v = value_or('waiting', 0), v > most_waiting ? most_waiting = v : 0, \
    v = value_or('login_backlog', 0), v > most_logins ? most_logins = v : 0, 0) nooutput
GAP = 16
PANELS_HEIGHT = 200 + GAP + 96 + (most_logins > 0 ? GAP + 96 : 0)
eval LAY_OUT
eval OPEN_PICTURE
set multiplot

# ---- a. Load by where it comes from.
PANEL_TOP = FIRST
PANEL_BOTTOM = PANEL_TOP + 200
eval NEXT_PANEL
SHOWS = 'What failures add to the load, and who waits. Times are UTC.'
eval FRAME
LEGEND_TEXT = 'Requests per second'
eval LEGEND_HEADING
LEGEND_TEXT = 'people reload'
LEGEND_COLOUR = VERMILION
eval LEGEND_ENTRY
LEGEND_TEXT = 'machines retry'
LEGEND_COLOUR = ORANGE
eval LEGEND_ENTRY
LEGEND_TEXT = 'fresh demand'
LEGEND_COLOUR = SKY
eval LEGEND_ENTRY
LEGEND_TEXT = 'goodput: useful answers'
LEGEND_COLOUR = INK
eval LEGEND_ENTRY
set yrange [0:busiest * 1.08]
AMOUNT = busiest
eval AMOUNT_TICS
plot DATA using (column('time')):(0):(fresh(0)) with filledcurves linecolor rgb SKY \
        fillstyle transparent solid 0.6, \
    DATA using (column('time')):(fresh(0)):(retried(0)) with filledcurves linecolor rgb ORANGE, \
    DATA using (column('time')):(retried(0)):(offered(0)) with filledcurves \
        linecolor rgb VERMILION, \
    DATA using (column('time')):(column('goodput')) with lines linewidth 1.6 linecolor rgb INK

# ---- b. Who waits to try again.
PANEL_TOP = PANEL_BOTTOM + GAP
PANEL_BOTTOM = PANEL_TOP + 96
eval NEXT_PANEL
LEGEND_TEXT = 'Waiting to try again'
eval LEGEND_HEADING
LEGEND_TEXT = 'people and clients'
LEGEND_COLOUR = PURPLE
eval LEGEND_ENTRY
set yrange [0:most_waiting > 0 ? most_waiting * 1.1 : 1]
AMOUNT = most_waiting > 0 ? most_waiting : 1
eval AMOUNT_TICS
if (most_logins <= 0) {
    eval TIME_LABELS
}
plot DATA using (column('time')):(0):(value_or('waiting', 0)) with filledcurves \
        linecolor rgb PURPLE fillstyle transparent solid 0.35, \
    DATA using (column('time')):(column('waiting')) with lines linewidth 1.2 linecolor rgb PURPLE

# ---- c. Log-ins that wait.
if (most_logins > 0) {
    PANEL_TOP = PANEL_BOTTOM + GAP
    PANEL_BOTTOM = LAST_BOTTOM
    eval NEXT_PANEL
    LEGEND_TEXT = 'Log-ins waiting'
    eval LEGEND_HEADING
    LEGEND_TEXT = 'backlog'
    LEGEND_COLOUR = GREEN
    eval LEGEND_ENTRY
    set yrange [0:most_logins * 1.1]
    AMOUNT = most_logins
    eval AMOUNT_TICS
    eval TIME_LABELS
    plot DATA using (column('time')):(0):(value_or('login_backlog', 0)) with filledcurves \
            linecolor rgb GREEN fillstyle transparent solid 0.35, \
        DATA using (column('time')):(column('login_backlog')) with lines linewidth 1.2 \
            linecolor rgb GREEN
}
unset multiplot
