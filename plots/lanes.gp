# lanes.gp - figure 3: swim lanes of what was done, who was in trouble, who watched and who acted.
#
#   gnuplot lanes.gp                          light PNG
#   gnuplot -e "theme='dark'; format='svg'" lanes.gp
#
# Reads lanes.tsv, lanes_span.tsv, lanes_heat.tsv, lanes_bars.tsv, lanes_marks.tsv and the files of
# style.gp.  Colour of a site or service goes by the square root of its failed share, as in
# pops.gp.

FIGURE = 'lanes'
load 'style.gp'

# ---- Measure: lanes with their groups, what kinds of bars and marks there are, and the run.
LANES_MAX = 40
array lane_group[LANES_MAX]
array lane_text[LANES_MAX]
array lane_y[LANES_MAX]
n_lanes = 0
row = -1
stats 'lanes.tsv' using (row = row + 1, row > 0 && n_lanes < LANES_MAX ? (n_lanes = n_lanes + 1, \
    lane_group[n_lanes] = strcol(2), lane_text[n_lanes] = strcol(3), 0) : 0, 0) nooutput
kinds = '|'
n_bars = -1
n_marks = -1
n_heat = -1
note(kind) = strstrt(kinds, '|'.kind.'|') ? 0 : (kinds = kinds.kind.'|', 0)
stats 'lanes_bars.tsv' using (n_bars = n_bars + 1, n_bars > 0 ? note(strcol(4)) : 0, 0) nooutput
stats 'lanes_marks.tsv' using (n_marks = n_marks + 1, n_marks > 0 ? note(strcol(3)) : 0, 0) nooutput
stats 'lanes_heat.tsv' using (n_heat = n_heat + 1, 0) nooutput
has(kind) = strstrt(kinds, '|'.kind.'|') > 0
time_begin = 0.0
time_end = 1.0
row = -1
stats 'lanes_span.tsv' using (row = row + 1, row == 1 ? (time_begin = column(1), \
    time_end = column(2), 0) : 0, 0) nooutput
span = time_end - time_begin
set xrange [time_begin:time_end]

# ---- Lay out: lanes of a group under its name.
LANE = 19.0
HEAD = 19.0
LEFT = 164.0
RIGHT = 24.0
FLAGS = 66.0
RIBBON = n_events ? 80.0 : 60.0
PANEL_TOP = RIBBON + (n_phases ? RIBBON_HEIGHT + 2 : 0)
depth = 0.0
do for [i = 1:n_lanes] {
    is_new = i == 1 ? 1 : lane_group[i] ne lane_group[i - 1]
    depth = depth + (is_new ? HEAD : 0)
    lane_y[i] = depth
    depth = depth + LANE
}
depth = depth + 3

# ---- The legend below the lanes, first to know how high it is: a row for each group.
array LEGEND_KINDS[23] = ['killed', 'halted', 'fallback', 'scaled', 'open', 'breaker', \
    'page', 'ticket', 'info', 'dark', \
    'paged', 'triage', 'misled', 'diagnosing', 'deciding', 'waiting', 'acting', \
    'ack', 'identified', 'post', 'down', 'bad', 'good']
array LEGEND_WORDS[23] = ['kill switch', 'halted', 'on its fallback', 'scaled', 'fails open', \
    'breaker open', 'page', 'ticket', 'information', 'no figures', \
    'paged', 'triage', 'wrong lead', 'diagnosing', 'deciding', 'waiting for a tool', 'acting', \
    'acknowledges', 'knows the cause', 'a public word', 'cannot be reached', \
    'harmful', 'good']
array LEGEND_HEADS[23] = ['done to a service', '', '', '', '', '', 'an alert', '', '', '', \
    'a team', '', '', '', '', '', '', '', '', 'the status page', '', 'a version is made', '']
n_rows = n_heat > 0 ? 2 : 0
head = ''
seen = ''
do for [k = 1:23] {
    head = LEGEND_HEADS[k] ne '' ? LEGEND_HEADS[k] : head
    if (has(LEGEND_KINDS[k])) {
        n_rows = n_rows + (head ne seen)
        seen = head
    }
}
PANEL_BOTTOM = PANEL_TOP + depth
LEGEND_TOP = PANEL_BOTTOM + (span > 129600 ? 56 : 44)
# Phases without a name in the ribbon have a row of their own.
n_unnamed = 0
do for [i = 1:n_phases] {
    if (!has_room(i) && phase_kind[i] ne 'steady') { n_unnamed = 1 }
}
n_rows = n_rows + n_unnamed
KEY_TOP = LEGEND_TOP + LEGEND_ROW * n_rows + (n_rows ? 16 : 0)
HEIGHT = KEY_TOP + KEY_ROW * key_rows + 14
eval OPEN_PICTURE
eval NEXT_PANEL
SHOWS = 'What was done, who was in trouble, who watched and who acted. Times are UTC.'
eval HEADER
eval PHASE_RIBBON
eval EVENT_FLAGS
eval EVENT_KEY

# ---- Lanes: names at the left, a ground for each, phases only above.
do for [i = 1:n_phases] { unset object 100 + i }
set object 1 rectangle fillcolor rgb GROUND
LANE_GROUND = IS_DARK ? '#1b222c' : '#f1f3f6'
do for [i = 1:n_events] {
    set arrow 500 + i front linewidth 0.6 linecolor rgb (IS_DARK ? '#9097a3b3' : '#905d6b7c')
}
unset ytics
unset grid
set yrange [depth:0]
do for [i = 1:n_lanes] {
    is_new = i == 1 ? 1 : lane_group[i] ne lane_group[i - 1]
    top = PANEL_TOP + lane_y[i]
    set object 2000 + i rectangle behind fillcolor rgb LANE_GROUND fillstyle solid noborder \
        from graph 0, first lane_y[i] + 1 to graph 1, first lane_y[i] + LANE - 1
    set label 2000 + i lane_text[i] noenhanced right front font NORMAL_FONT textcolor rgb INK \
        at screen sx(LEFT - 8), screen sy(top + LANE / 2)
    if (is_new) {
        set label 2100 + i lane_group[i] noenhanced left front font SMALL_FONT \
            textcolor rgb MUTED at screen sx(14), screen sy(top - HEAD / 2 + 2)
        set arrow 2100 + i nohead front linewidth 0.6 linecolor rgb GRID \
            from screen sx(14 + text_width(lane_group[i], SMALL) + 8), \
            screen sy(top - HEAD / 2 + 2) to screen sx(WIDTH - RIGHT), \
            screen sy(top - HEAD / 2 + 2)
    }
}

# ---- Colour.
if (IS_DARK) {
    set palette defined (0 '#1d2631', 0.08 '#2b1a38', 0.25 '#701f57', 0.42 '#ad1759', \
        0.58 '#e13342', 0.73 '#f37651', 0.87 '#f6b48f', 1 '#fdf3e7')
} else {
    set palette defined (0 '#e9edf1', 0.08 '#f9e0cb', 0.25 '#f6b48f', 0.42 '#f37651', \
        0.58 '#e13342', 0.73 '#ad1759', 0.87 '#701f57', 1 '#2b1533')
}
colour_of(kind) = \
    kind eq 'fault' ? (IS_DARK ? 0x7d3a22 : 0xf6c3a8) : \
    kind eq 'change' ? (IS_DARK ? 0x6b5218 : 0xf3dca6) : \
    kind eq 'action' ? (IS_DARK ? 0x1d5f4c : 0xb5e2d2) : \
    kind eq 'public' || kind eq 'post' ? (IS_DARK ? 0x4f9bd9 : 0x2f7fb5) : \
    kind eq 'page' ? (IS_DARK ? 0xf0702a : 0xd55e00) : \
    kind eq 'ticket' ? 0xe69f00 : kind eq 'info' ? 0x8a96a3 : \
    kind eq 'paged' ? (IS_DARK ? 0x2d6f99 : 0x9fd3f0) : \
    kind eq 'triage' ? (IS_DARK ? 0x2a4f80 : 0xbcd3ee) : \
    kind eq 'misled' ? (IS_DARK ? 0x8f4f74 : 0xe2a9c8) : \
    kind eq 'diagnosing' ? (IS_DARK ? 0x7d7420 : 0xf2ea9b) : \
    kind eq 'deciding' ? (IS_DARK ? 0x4d5866 : 0xd0d5db) : \
    kind eq 'waiting' ? (IS_DARK ? 0xb5821d : 0xe69f00) : \
    kind eq 'acting' ? (IS_DARK ? 0x1b7d60 : 0x8fd6bd) : \
    kind eq 'killed' ? (IS_DARK ? 0x4f9bd9 : 0x0072b2) : \
    kind eq 'halted' ? (IS_DARK ? 0xe8ecf1 : 0x1b2430) : \
    kind eq 'fallback' ? (IS_DARK ? 0x1bb58b : 0x009e73) : \
    kind eq 'scaled' ? 0xcc79a7 : kind eq 'open' ? 0xd9c900 : kind eq 'breaker' ? 0x56b4e9 : \
    kind eq 'bad' ? (IS_DARK ? 0xf0702a : 0xd55e00) : \
    kind eq 'good' ? (IS_DARK ? 0x1bb58b : 0x009e73) : \
    kind eq 'down' || kind eq 'dark' ? (IS_DARK ? 0x97a3b3 : 0x5d6b7c) : \
    kind eq 'ack' || kind eq 'identified' ? (IS_DARK ? 0xe8ecf1 : 0x1b2430) : \
    (IS_DARK ? 0x56616f : 0xc6ced7)
is_strip(kind) = strstrt('|killed|halted|fallback|scaled|open|breaker|', '|'.kind.'|') > 0
is_hatched(kind) = kind eq 'down' || kind eq 'dark' || kind eq 'waiting'
is_tick(kind) = kind eq 'bad' || kind eq 'good'
# Marks of the timeline, which carry a text, and those of people.
is_deed(kind) = strstrt('|fault|change|action|note|public|', '|'.kind.'|') > 0
deed_colour(kind) = kind eq 'fault' ? (IS_DARK ? 0xf0702a : 0xd55e00) : \
    kind eq 'change' ? 0xa8791a : kind eq 'action' ? (IS_DARK ? 0x1bb58b : 0x00845f) : \
    kind eq 'public' ? 0x2f7fb5 : (IS_DARK ? 0x97a3b3 : 0x6f7b88)

# ---- The legend.
legend_y = LEGEND_TOP
set cbrange [0:1]
unset colorbox
$LEGEND_HEAD << END
legend_id = legend_id + 2;
set label legend_id LEGEND_TEXT right front font SMALL_FONT textcolor rgb MUTED
    at screen sx(LEFT - 8), screen sy(legend_y);
legend_x = LEFT;
END
LEGEND_HEAD = ''
do for [i = 1:|$LEGEND_HEAD|] { LEGEND_HEAD = LEGEND_HEAD.$LEGEND_HEAD[i].' ' }
$LEGEND_SAMPLE << END
legend_id = legend_id + 2;
set label legend_id '' front point pointtype LEGEND_SIGN pointsize SQUARE
    linecolor rgb LEGEND_COLOUR at screen sx(legend_x + 5), screen sy(legend_y);
set label legend_id + 1 LEGEND_TEXT noenhanced left front font SMALL_FONT textcolor rgb INK
    at screen sx(legend_x + 14), screen sy(legend_y);
legend_x = legend_x + 14 + text_width(LEGEND_TEXT, SMALL) + 14;
END
LEGEND_SAMPLE = ''
do for [i = 1:|$LEGEND_SAMPLE|] { LEGEND_SAMPLE = LEGEND_SAMPLE.$LEGEND_SAMPLE[i].' ' }
if (n_unnamed) {
    LEGEND_TEXT = 'short phases'
    eval LEGEND_HEAD
    eval PHASE_RIBBON
    do for [k = 1:n_unnamed] {
        LEGEND_TEXT = unnamed_text[k]
        LEGEND_COLOUR = phase_ribbon(unnamed_kind[k])
        LEGEND_SIGN = 5
        eval LEGEND_SAMPLE
    }
    legend_y = legend_y + LEGEND_ROW
}
if (n_heat > 0) {
    LEGEND_TEXT = 'failed share'
    eval LEGEND_HEAD
    set colorbox horizontal user origin screen sx(LEFT), screen sy(legend_y + 5) \
        size screen 200 / WIDTH, screen 10 / HEIGHT noborder
    set cbtics ('0%%' 0, '1%%' 0.1, '5%%' sqrt(0.05), '20%%' sqrt(0.2), '50%%' sqrt(0.5), \
        '100%%' 1) scale 0 nomirror offset 0, 0.6 textcolor rgb MUTED font SMALL_FONT
    legend_y = legend_y + LEGEND_ROW
    legend_y = legend_y + LEGEND_ROW
}
head = ''
seen = ''
do for [k = 1:23] {
    kind = LEGEND_KINDS[k]
    head = LEGEND_HEADS[k] ne '' ? LEGEND_HEADS[k] : head
    if (has(kind)) {
        if (head ne seen) {
            legend_y = legend_y + (seen eq '' ? 0 : LEGEND_ROW)
            LEGEND_TEXT = head
            eval LEGEND_HEAD
            seen = head
        }
        LEGEND_TEXT = LEGEND_WORDS[k]
        LEGEND_COLOUR = sprintf('#%06x', colour_of(kind))
        LEGEND_SIGN = kind eq 'ack' ? 6 : kind eq 'identified' ? 13 : kind eq 'post' ? 9 : 5
        if (is_hatched(kind)) {
            set object 3000 + k rectangle front fillcolor rgb LEGEND_COLOUR \
                fillstyle transparent pattern 4 noborder \
                from screen sx(legend_x), screen sy(legend_y + 5) \
                to screen sx(legend_x + 10), screen sy(legend_y - 5)
            LEGEND_SIGN = 0
            LEGEND_COLOUR = GROUND
        }
        eval LEGEND_SAMPLE
    }
}

# ---- Draw.
eval TIME_LABELS
set xrange [time_begin:time_end]
set datafile columnheaders
top_of(lane, kind) = lane_y[lane + 1] + (is_strip(kind) ? LANE - 6.5 : 2)
bottom_of(lane, kind) = lane_y[lane + 1] + LANE - (is_strip(kind) ? 1 : 2)
middle_of(lane) = lane_y[lane + 1] + LANE / 2
width_of(text) = text_width(text, SMALL)
# Where the text of a bar or mark begins: after it, or before the panel's end.
# A text of - is none: gnuplot takes an empty one for that of the row before.
is_late(begin, text) = time_x(begin) + 9 + width_of(text) > WIDTH - RIGHT
is_roomy(lane) = lane_group[lane + 1] eq 'changes and faults' || lane_text[lane + 1] eq '' || \
    lane_text[lane + 1] eq 'the timeline'
fits(lane, begin, end, text) = is_roomy(lane) || \
    time_x(end) - time_x(begin) > width_of(text) + 10
HEAT = "'lanes_heat.tsv' using (column(2)):(middle_of(column(1))):(column(2)):".\
    "(column(3) + span / 2000.0):(lane_y[column(1) + 1] + 1):(lane_y[column(1) + 1] + LANE - 1):".\
    "(sqrt(column(4))) with boxxyerror fillcolor palette"
bars(condition, style) = ", 'lanes_bars.tsv' using (".condition." ? column(2) : NaN):".\
    "(middle_of(column(1))):(clip(column(2))):".\
    "(time_x(column(3)) - time_x(column(2)) < 1.5 ? column(2) + 1.5 * span / ".\
    "(WIDTH - LEFT - RIGHT) : column(3)):(top_of(column(1), strcol(4))):".\
    "(bottom_of(column(1), strcol(4))):(colour_of(strcol(4))) with boxxyerror ".\
    "fillcolor rgb variable ".style
# Room for the mark at its begin.
after_mark(kind) = (kind eq 'triage' || kind eq 'deciding' ? 5 : 0) * span / \
    (WIDTH - LEFT - RIGHT)
# A line of ground parts a strip from what is above it.
SEAMS = ", 'lanes_bars.tsv' using (is_strip(strcol(4)) ? column(2) : NaN):(0):(clip(column(2))):".\
    "(column(3)):(top_of(column(1), strcol(4)) - 1.5):(bottom_of(column(1), strcol(4))) ".\
    "with boxxyerror fillcolor rgb LANE_GROUND fillstyle solid noborder"
BAR_TEXTS = ", 'lanes_bars.tsv' using (column(2) + after_mark(strcol(4))):(middle_of(column(1))):".\
    "(strcol(5) ne '-' && fits(column(1), column(2), column(3), strcol(5)) && ".\
    "!is_late(column(2), strcol(5)) ? strcol(5) : '') ".\
    "with labels noenhanced left offset 0.5, 0 font SMALL_FONT textcolor rgb INK, ".\
    "'lanes_bars.tsv' using (time_end):(middle_of(column(1))):".\
    "(strcol(5) ne '-' && fits(column(1), column(2), column(3), strcol(5)) && ".\
    "is_late(column(2), strcol(5)) && is_roomy(column(1)) ? strcol(5) : '') ".\
    "with labels noenhanced right offset -0.5, 0 font SMALL_FONT textcolor rgb INK"
TICKS = ", 'lanes_marks.tsv' using (is_tick(strcol(3)) ? column(2) : NaN):".\
    "(lane_y[column(1) + 1] + 3):(0):(LANE - 6):(colour_of(strcol(3))) ".\
    "with vectors nohead linewidth 1.1 linecolor rgb variable"
SIGN = "(strcol(3) eq 'ack' ? 6 : strcol(3) eq 'post' ? 9 : 13)"
MARKS_DRAWN = ", 'lanes_marks.tsv' using (is_tick(strcol(3)) ? NaN : column(2)):".\
    "(middle_of(column(1))):(is_deed(strcol(3)) ? 0.95 : 0.85):".SIGN.":".\
    "(is_deed(strcol(3)) ? deed_colour(strcol(3)) : colour_of(strcol(3))) ".\
    "with points pointsize variable pointtype variable linecolor rgb variable"
MARK_TEXTS = ", 'lanes_marks.tsv' using (column(2)):(middle_of(column(1))):".\
    "(strcol(4) eq '-' || is_late(column(2), strcol(4)) ? '' : strcol(4)) ".\
    "with labels noenhanced left offset 0.9, 0 font SMALL_FONT textcolor rgb INK, ".\
    "'lanes_marks.tsv' using (column(2)):(middle_of(column(1))):".\
    "(strcol(4) ne '-' && is_late(column(2), strcol(4)) ? strcol(4) : '') ".\
    "with labels noenhanced right offset -0.9, 0 font SMALL_FONT textcolor rgb INK"
eval 'plot '.(n_heat > 0 ? HEAT : '-1').\
    (n_bars > 0 ? SEAMS.bars('!is_hatched(strcol(4))', 'fillstyle solid noborder').\
        bars('is_hatched(strcol(4))', 'fillstyle transparent pattern 4 noborder').BAR_TEXTS : '').\
    (n_marks > 0 ? TICKS.MARKS_DRAWN.MARK_TEXTS : '')
