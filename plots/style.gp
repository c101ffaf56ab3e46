# style.gp - what the figures share: theme, type, time axis, phases and events.
#
# A figure sets FIGURE, loads this file, measures its data, sets HEIGHT, then evaluates
# OPEN_PICTURE and draws.  The layout is in units of one CSS pixel with the origin at the top
# left: sx(x) and sy(y) turn them into gnuplot's screen coordinates.  A PNG has two device
# pixels to the unit.  Texts of a run are data, never code, and are drawn without markup.

if (!exists("theme")) theme = 'light'
if (!exists("format")) format = 'png'

set encoding utf8
set datafile separator tab
set datafile commentschars '#'

# ---- Colours: Okabe and Ito's eight, safe for colour-blind readers, on two grounds.
IS_DARK = theme eq 'dark'
GROUND = IS_DARK ? '#11161d' : '#ffffff'
PANEL = IS_DARK ? '#171d26' : '#f7f8fa'
INK = IS_DARK ? '#e8ecf1' : '#1b2430'
MUTED = IS_DARK ? '#97a3b3' : '#5d6b7c'
GRID = IS_DARK ? '#3a4654' : '#d8dde3'
ORANGE = '#e69f00'
SKY = '#56b4e9'
GREEN = IS_DARK ? '#1bb58b' : '#009e73'
YELLOW = IS_DARK ? '#f0e442' : '#d9c900'
BLUE = IS_DARK ? '#4f9bd9' : '#0072b2'
VERMILION = IS_DARK ? '#f0702a' : '#d55e00'
PURPLE = '#cc79a7'
GREY = IS_DARK ? '#8592a3' : '#8a96a3'
array CAUSE_COLOURS[6] = [VERMILION, ORANGE, PURPLE, SKY, GREEN, GREY]

# The ground behind a phase, and the mark of an event, by kind; other kinds look neutral.
phase_colour(kind) = kind eq 'steady' ? (IS_DARK ? '#1a2129' : '#f4f6f8') : \
    kind eq 'fault' ? (IS_DARK ? '#3a2220' : '#fbe3d6') : \
    kind eq 'impact' ? (IS_DARK ? '#35201f' : '#fdece4') : \
    kind eq 'mitigating' ? (IS_DARK ? '#322a18' : '#fdf4dc') : \
    kind eq 'push' ? (IS_DARK ? '#2a2618' : '#f8f1df') : \
    kind eq 'detected' ? (IS_DARK ? '#1c2a3a' : '#e3eef8') : \
    kind eq 'misled' ? (IS_DARK ? '#2f2030' : '#f6e8f0') : \
    kind eq 'diagnosing' ? (IS_DARK ? '#1a2c33' : '#eaf3f5') : \
    kind eq 'identified' ? (IS_DARK ? '#322a18' : '#fdf4dc') : \
    kind eq 'recovering' ? (IS_DARK ? '#17291f' : '#e6f5ee') : PANEL
phase_ribbon(kind) = kind eq 'steady' ? (IS_DARK ? '#3a4654' : '#cfd6de') : \
    kind eq 'fault' ? VERMILION : kind eq 'impact' ? (IS_DARK ? '#b4582b' : '#eb9c6e') : \
    kind eq 'mitigating' || kind eq 'identified' ? (IS_DARK ? '#a8811d' : '#f2cc66') : \
    kind eq 'push' ? (IS_DARK ? '#6b5a2a' : '#e6d3a3') : \
    kind eq 'detected' ? (IS_DARK ? '#2f6ea6' : '#9cc9ea') : \
    kind eq 'misled' ? (IS_DARK ? '#9b5a80' : '#dca0c2') : \
    kind eq 'diagnosing' ? (IS_DARK ? '#3f7f93' : '#bfdfe6') : \
    kind eq 'recovering' ? (IS_DARK ? '#1f7d62' : '#7fcdb3') : GREY
phase_ink(kind) = kind eq 'fault' ? '#ffffff' : IS_DARK ? '#f4f7fa' : '#1b2430'
event_colour(kind) = kind eq 'fault' || kind eq 'flush' ? VERMILION : \
    kind eq 'change' ? '#a8791a' : kind eq 'alert' ? '#a85a86' : kind eq 'human' ? '#5d6b7c' : \
    kind eq 'action' || kind eq 'warm' ? '#00845f' : \
    kind eq 'public' || kind eq 'wave' ? '#2f7fb5' : '#6f7b88'

# ---- Type.  Fontconfig finds another sans serif where Inter is not installed.  An SVG is read
# elsewhere and names the generic family; a page that embeds it can set its own.  There, bold
# needs markup, so what is markup in the text itself is masked.
FAMILY = format eq 'svg' ? 'sans-serif' : 'Inter'
masked = ''
MASK = "masked = ''; do for [i = 1:strlen(TEXT)] { masked = masked.".\
    "(strstrt('{}^_@&~\\', TEXT[i:i]) ? '\\'.TEXT[i:i] : TEXT[i:i]) }"
strong(text) = format eq 'svg' ? '{/:Bold '.text.'}' : text
POINTS = format eq 'svg' ? 1.33 : 1.0
fnt(size) = sprintf("%s,%.2f", FAMILY, size * POINTS)
bold(size) = format eq 'svg' ? fnt(size) : sprintf("%s:Bold,%.2f", FAMILY, size * POINTS)
DISC = format eq 'svg' ? 1.62 : 2.15
SQUARE = format eq 'svg' ? 0.75 : 0.95
SMALL = 7.5
NORMAL = 8.25
LARGE = 12.5
SMALL_FONT = fnt(SMALL)
NORMAL_FONT = fnt(NORMAL)
SMALL_BOLD = bold(SMALL)
NORMAL_BOLD = bold(NORMAL)
LARGE_BOLD = bold(LARGE)

# ---- Layout.
WIDTH = 960.0
HEIGHT = 560.0
LEFT = 62.0
RIGHT = 226.0
sx(x) = x / WIDTH
sy(y) = 1 - y / HEIGHT
# About how wide a text is, in units.
text_width(text, size) = strlen(text) * size * 0.74

$OPEN_PICTURE << END
if (format eq 'svg') {
    set terminal svg size WIDTH, HEIGHT font NORMAL_FONT enhanced background rgb GROUND;
} else {
    set terminal pngcairo size 2 * WIDTH, 2 * HEIGHT font NORMAL_FONT fontscale 2 linewidth 2
        pointscale 2 noenhanced background rgb GROUND;
};
set output sprintf('%s-%s.%s', FIGURE, theme, format);
END
OPEN_PICTURE = ''
do for [i = 1:|$OPEN_PICTURE|] { OPEN_PICTURE = OPEN_PICTURE.$OPEN_PICTURE[i].' ' }

set style fill solid 1.0 noborder
set border 0
set tics nomirror scale 0 textcolor rgb MUTED font SMALL_FONT
set grid noxtics ytics back linetype 1 dashtype solid linecolor rgb GRID linewidth 0.7
unset key

# ---- The run: title and note, events and phases.  Each file is read whole with its header
# line, so that one without rows is as good as any other.
run_title = ''
run_note = ''
stats 'run.tsv' using (strcol(1) eq 'title' ? run_title = strcol(2) : 0, \
    strcol(1) eq 'note' ? run_note = strcol(2) : 0, 0) nooutput

EVENTS_MAX = 20
array event_time[EVENTS_MAX]
array event_kind[EVENTS_MAX]
array event_text[EVENTS_MAX]
array event_sign[EVENTS_MAX]
n_events = 0
row = -1
stats 'events.tsv' using (row = row + 1, row > 0 && n_events < EVENTS_MAX ? \
    (n_events = n_events + 1, event_time[n_events] = column(1), \
    event_kind[n_events] = strcol(2), event_text[n_events] = strcol(3), 0) : 0, 0) nooutput
do for [i = 1:n_events] { event_sign[i] = sprintf('%d', i) }

# A figure with marks of its own shows those, with letters, in place of the events: rows of the
# file MARKS of the kind MARKS_KIND, or all with an empty one.
$READ_MARKS << END
n_events = 0;
row = -1;
stats MARKS using (row = row + 1, row > 0 && n_events < EVENTS_MAX
    && (MARKS_KIND eq '' || MARKS_KIND eq strcol(2)) ?
    (n_events = n_events + 1, event_time[n_events] = column(1),
    event_kind[n_events] = strcol(2), event_text[n_events] = strcol(3), 0) : 0, 0) nooutput;
do for [i = 1:n_events] { event_sign[i] = 'ABCDEFGHIJKLMNOPQRST'[i:i] };
key_rows = (n_events + 1) / 2;
END
READ_MARKS = ''
do for [i = 1:|$READ_MARKS|] { READ_MARKS = READ_MARKS.$READ_MARKS[i].' ' }

PHASES_MAX = 20
array phase_begin[PHASES_MAX]
array phase_end[PHASES_MAX]
array phase_kind[PHASES_MAX]
array phase_text[PHASES_MAX]
n_phases = 0
row = -1
stats 'phases.tsv' using (row = row + 1, row > 0 && n_phases < PHASES_MAX ? \
    (n_phases = n_phases + 1, phase_begin[n_phases] = column(1), phase_end[n_phases] = column(2), \
    phase_kind[n_phases] = strcol(3), phase_text[n_phases] = strcol(4), 0) : 0, 0) nooutput

# A value, or another one where the data say nan: gnuplot drops a point whose expression meets one.
value_or(name, other) = strcol(name) eq 'nan' ? other : column(name)

# The bottom of an axis of percents that ends at 100, and its steps.
floor_under(v) = v > 99.992 ? 99.99 : v > 99.92 ? 99.9 : v > 99.6 ? 99.5 : v > 99.1 ? 99.0 : \
    v > 98.1 ? 98.0 : v > 95.3 ? 95.0 : v > 91 ? 90.0 : v > 82 ? 80.0 : v > 53 ? 50.0 : \
    v > 22 ? 20.0 : 0.0
percent_step(bottom) = bottom == 20 ? 20 : bottom == 98 ? 0.5 : (100 - bottom) / 5

# A round distance between tics, for about four of them up to a largest value.
round_step(v) = (p = 10.0 ** floor(log10(v / 4.0)), r = v / 4.0 / p, \
    p * (r < 1.5 ? 1 : r < 3.5 ? 2 : r < 7.5 ? 5 : 10))

# Tics from 0 to beyond AMOUNT, as 500, 1.5k, 20M.
amount(v) = v >= 1e9 ? sprintf('%gG', v / 1e9) : v >= 1e6 ? sprintf('%gM', v / 1e6) : \
    v >= 1e3 ? sprintf('%gk', v / 1e3) : sprintf('%g', v)
$AMOUNT_TICS << END
set ytics ();
amount_step = round_step(AMOUNT);
do for [i = 0:ceil(AMOUNT * 1.1 / amount_step)] {
    set ytics add (amount(i * amount_step) i * amount_step);
};
END
AMOUNT_TICS = ''
do for [i = 1:|$AMOUNT_TICS|] { AMOUNT_TICS = AMOUNT_TICS.$AMOUNT_TICS[i].' ' }

# ---- Time: MEASURE_TIME takes the ends from the column "time" of DATA.
tic_step(span) = span <= 60 ? 10 : span <= 240 ? 30 : span <= 540 ? 60 : span <= 1100 ? 120 : \
    span <= 2700 ? 300 : span <= 5400 ? 600 : span <= 8100 ? 900 : span <= 16200 ? 1800 : \
    span <= 32400 ? 3600 : span <= 64800 ? 7200 : span <= 97200 ? 10800 : span <= 194400 ? 21600 : \
    span <= 388800 ? 43200 : span <= 864000 ? 86400 : ceil(span / 864000.0) * 86400
clock(time, span) = span > 129600 ? strftime("%d %b %H:%M", time) : \
    span < 3600 ? strftime("%H:%M:%S", time) : strftime("%H:%M", time)
clip(time) = time < time_begin ? time_begin : time > time_end ? time_end : time
# Where a time is, in units.
time_x(time) = LEFT + (WIDTH - LEFT - RIGHT) * (time - time_begin) / (time_end - time_begin)

$MEASURE_TIME << END
stats DATA using (column('time')) nooutput name 'CLOCK';
time_half = CLOCK_records > 1 ? (CLOCK_max - CLOCK_min) / (CLOCK_records - 1) / 2 : 0.5;
time_begin = CLOCK_min - time_half;
time_end = CLOCK_max + time_half;
span = time_end - time_begin;
set xrange [time_begin:time_end];
END
MEASURE_TIME = ''
do for [i = 1:|$MEASURE_TIME|] { MEASURE_TIME = MEASURE_TIME.$MEASURE_TIME[i].' ' }

$TIME_LABELS << END
set xtics time tic_step(span) nomirror scale 0 offset 0, 0.05 textcolor rgb MUTED font SMALL_FONT;
set format x (span > 129600 ? "%H:%M\n%d %b" : span < 540 ? '%H:%M:%S' : '%H:%M');
END
TIME_LABELS = ''
do for [i = 1:|$TIME_LABELS|] { TIME_LABELS = TIME_LABELS.$TIME_LABELS[i].' ' }

# ---- A panel from PANEL_TOP to PANEL_BOTTOM, with phases and events behind.  The marks of the
# panel before it leave.
$NEXT_PANEL << END
unset label;
unset arrow;
unset object;
unset logscale;
set ytics autofreq nomirror scale 0 textcolor rgb MUTED font SMALL_FONT;
set format y;
unset xtics;
set lmargin at screen sx(LEFT);
set rmargin at screen sx(WIDTH - RIGHT);
set tmargin at screen sy(PANEL_TOP);
set bmargin at screen sy(PANEL_BOTTOM);
set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind
    fillcolor rgb PANEL fillstyle solid noborder;
do for [i = 1:n_phases] {
    set object 100 + i rectangle behind fillcolor rgb phase_colour(phase_kind[i])
        fillstyle solid noborder
        from first clip(phase_begin[i]), graph 0 to first clip(phase_end[i]), graph 1;
};
do for [i = 1:n_events] {
    set arrow 500 + i nohead back linewidth 0.5
        linecolor rgb event_colour(event_kind[i])
        from first clip(event_time[i]), graph 0 to first clip(event_time[i]), graph 1;
};
legend_y = PANEL_TOP + 8;
legend_id = 700;
END
NEXT_PANEL = ''
do for [i = 1:|$NEXT_PANEL|] { NEXT_PANEL = NEXT_PANEL.$NEXT_PANEL[i].' ' }

# ---- The names of the phases in a ribbon whose top is RIBBON, where there is room for them; what
# has no room stands, once, with its colour right of it: in n_unnamed rows from the ribbon up.
RIBBON_HEIGHT = 15
UNNAMED_MAX = 12
array unnamed_text[UNNAMED_MAX]
array unnamed_kind[UNNAMED_MAX]
n_unnamed = 0
has_room(i) = time_x(clip(phase_end[i])) - time_x(clip(phase_begin[i])) > \
    text_width(phase_text[i], SMALL) + 6
is_unnamed(text) = n_unnamed == 0 ? 0 : (sum [k = 1:n_unnamed] (unnamed_text[k] eq text))
$PHASE_RIBBON << END
n_unnamed = 0;
do for [i = 1:n_phases] {
    a = time_x(clip(phase_begin[i]));
    b = time_x(clip(phase_end[i]));
    set object 200 + i rectangle behind fillcolor rgb phase_ribbon(phase_kind[i])
        fillstyle solid noborder
        from screen sx(a + 0.5), screen sy(RIBBON + RIBBON_HEIGHT)
        to screen sx(b > a + 1.5 ? b - 0.5 : a + 1), screen sy(RIBBON);
    if (has_room(i)) {
        set label 200 + i phase_text[i] noenhanced center front font SMALL_FONT
            textcolor rgb phase_ink(phase_kind[i])
            at screen sx((a + b) / 2), screen sy(RIBBON + RIBBON_HEIGHT / 2.0);
    } else {
        if (phase_kind[i] ne 'steady' && !is_unnamed(phase_text[i]) && n_unnamed < UNNAMED_MAX) {
            n_unnamed = n_unnamed + 1;
            unnamed_text[n_unnamed] = phase_text[i];
            unnamed_kind[n_unnamed] = phase_kind[i];
        };
    };
};
END
PHASE_RIBBON = ''
do for [i = 1:|$PHASE_RIBBON|] { PHASE_RIBBON = PHASE_RIBBON.$PHASE_RIBBON[i].' ' }
# Rows of as many as fit between column_x and the edge, the last beside the ribbon.
unnamed_width(k) = 13 + text_width(unnamed_text[k], SMALL) + 6
$PHASE_NAMES << END
do for [pass = 1:2] {
    unnamed_row = 0;
    x = column_x;
    do for [k = 1:n_unnamed] {
        if (x > column_x && x + unnamed_width(k) > WIDTH - 4) {
            unnamed_row = unnamed_row + 1;
            x = column_x;
        };
        if (pass == 2) {
            y = RIBBON + 5 - 14.0 * (unnamed_rows - unnamed_row);
            set label 240 + 2 * k '' front point pointtype 5 pointsize SQUARE * 0.9
                linecolor rgb phase_ribbon(unnamed_kind[k]) at screen sx(x + 5), screen sy(y);
            set label 241 + 2 * k unnamed_text[k] noenhanced left front font SMALL_FONT
                textcolor rgb MUTED at screen sx(x + 13), screen sy(y);
        };
        x = x + unnamed_width(k);
    };
    unnamed_rows = unnamed_row;
};
END
PHASE_NAMES = ''
do for [i = 1:|$PHASE_NAMES|] { PHASE_NAMES = PHASE_NAMES.$PHASE_NAMES[i].' ' }

# ---- Numbered flags in a line at FLAGS, pushed apart so that none hides another, each with a
# line down to its own time.
FLAG_SPACE = 19.0
array flag_x[EVENTS_MAX]
$NUMBER << END
set label number_id '' front point pointtype 7 pointsize DISC
    linecolor rgb event_colour(event_kind[i]) at screen sx(number_x), screen sy(number_y);
set label number_id + 1 event_sign[i] center front font SMALL_BOLD textcolor rgb '#ffffff'
    at screen sx(number_x), screen sy(number_y);
END
NUMBER = ''
do for [i = 1:|$NUMBER|] { NUMBER = NUMBER.$NUMBER[i].' ' }
$EVENT_FLAGS << END
do for [i = 1:n_events] {
    flag_x[i] = time_x(clip(event_time[i]));
};
do for [sweep = 1:60] {
    do for [i = 2:n_events] {
        d = (FLAG_SPACE - flag_x[i] + flag_x[i - 1]) / 2;
        flag_x[i - 1] = d > 0 ? flag_x[i - 1] - d : flag_x[i - 1];
        flag_x[i] = d > 0 ? flag_x[i] + d : flag_x[i];
    };
    do for [i = 1:n_events] {
        lowest = LEFT + FLAG_SPACE * (i - 1);
        highest = WIDTH - RIGHT - FLAG_SPACE * (n_events - i);
        flag_x[i] = flag_x[i] < lowest ? lowest : flag_x[i] > highest ? highest : flag_x[i];
    };
};
do for [i = 1:n_events] {
    set arrow 300 + i nohead back linewidth 0.8 linecolor rgb event_colour(event_kind[i])
        from screen sx(flag_x[i]), screen sy(FLAGS)
        to screen sx(time_x(clip(event_time[i]))), screen sy(RIBBON);
    number_id = 400 + 2 * i;
    number_x = flag_x[i];
    number_y = FLAGS;
    eval NUMBER;
};
END
EVENT_FLAGS = ''
do for [i = 1:|$EVENT_FLAGS|] { EVENT_FLAGS = EVENT_FLAGS.$EVENT_FLAGS[i].' ' }

# ---- The key of the flags, in two columns from KEY_TOP down.
KEY_ROW = 17.0
KEY_LEFT = 62.0
key_rows = (n_events + 1) / 2
$EVENT_KEY << END
key_indent = span > 129600 ? 84 : span < 3600 ? 58 : 38;
do for [i = 1:n_events] {
    number_id = 1000 + 4 * i;
    number_x = KEY_LEFT + 8 + (i > key_rows ? (WIDTH - KEY_LEFT) / 2 - 8 : 0);
    number_y = KEY_TOP + KEY_ROW * ((i - 1) % key_rows);
    eval NUMBER;
    set label number_id + 2 clock(event_time[i], span) front font NORMAL_FONT
        textcolor rgb MUTED at screen sx(number_x + 14), screen sy(number_y);
    set label number_id + 3 event_text[i] noenhanced front font NORMAL_FONT textcolor rgb INK
        at screen sx(number_x + 14 + key_indent), screen sy(number_y);
};
END
EVENT_KEY = ''
do for [i = 1:|$EVENT_KEY|] { EVENT_KEY = EVENT_KEY.$EVENT_KEY[i].' ' }

# ---- The heights of FIRST and what is above and below all panels; LAST_BOTTOM is the end of the
# last one.
$LAY_OUT << END
FLAGS = 66.0;
RIBBON = n_events ? 80.0 : 60.0;
FIRST = RIBBON + (n_phases ? RIBBON_HEIGHT + 2 : 0);
LAST_BOTTOM = FIRST + PANELS_HEIGHT;
KEY_TOP = LAST_BOTTOM + (span > 129600 ? 58 : 46);
HEIGHT = KEY_TOP + KEY_ROW * key_rows + 14;
END
LAY_OUT = ''
do for [i = 1:|$LAY_OUT|] { LAY_OUT = LAY_OUT.$LAY_OUT[i].' ' }

# What stands above the first panel and below the last, drawn with the first.
$FRAME << END
eval HEADER;
eval PHASE_RIBBON;
eval PHASE_NAMES;
eval EVENT_FLAGS;
eval EVENT_KEY;
END
FRAME = ''
do for [i = 1:|$FRAME|] { FRAME = FRAME.$FRAME[i].' ' }

# ---- The run's title, what the figure shows (SHOWS), and below all the run's note.
$HEADER << END
TEXT = run_title;
eval MASK;
set label 10 (format eq 'svg' ? strong(masked) : run_title) front font LARGE_BOLD
    textcolor rgb INK at screen sx(LEFT), screen sy(24);
set label 11 SHOWS front font NORMAL_FONT textcolor rgb MUTED at screen sx(LEFT), screen sy(44);
set label 12 run_note noenhanced right front font SMALL_FONT textcolor rgb MUTED
    at screen sx(WIDTH - 14), screen sy(HEIGHT - 11);
END
HEADER = ''
do for [i = 1:|$HEADER|] { HEADER = HEADER.$HEADER[i].' ' }

# ---- A heading (LEGEND_TEXT) and rows (and LEGEND_COLOUR) in the column right of a panel.
LEGEND_ROW = 16.0
column_x = WIDTH - RIGHT + 18
$LEGEND_HEADING << END
legend_id = legend_id + 2;
set label legend_id strong(LEGEND_TEXT) front font NORMAL_BOLD textcolor rgb INK
    at screen sx(column_x), screen sy(legend_y);
legend_y = legend_y + LEGEND_ROW;
END
LEGEND_HEADING = ''
do for [i = 1:|$LEGEND_HEADING|] { LEGEND_HEADING = LEGEND_HEADING.$LEGEND_HEADING[i].' ' }
$LEGEND_ENTRY << END
legend_id = legend_id + 2;
set label legend_id '' front point pointtype 5 pointsize SQUARE linecolor rgb LEGEND_COLOUR
    at screen sx(column_x + 5), screen sy(legend_y);
set label legend_id + 1 LEGEND_TEXT noenhanced front font NORMAL_FONT textcolor rgb INK
    at screen sx(column_x + 16), screen sy(legend_y);
legend_y = legend_y + LEGEND_ROW;
END
LEGEND_ENTRY = ''
do for [i = 1:|$LEGEND_ENTRY|] { LEGEND_ENTRY = LEGEND_ENTRY.$LEGEND_ENTRY[i].' ' }
