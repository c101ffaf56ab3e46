# versions.gp - figure 6: which version of the config the PoPs hold.
#
#   gnuplot versions.gp                       light PNG
#   gnuplot -e "theme='dark'; format='svg'" versions.gp
#
# Reads versions.tsv, versions_names.tsv, versions_marks.tsv and the files of style.gp.

FIGURE = 'versions'
load 'style.gp'
MARKS = 'versions_marks.tsv'
MARKS_KIND = 'wave'
eval READ_MARKS

VERSIONS_MAX = 8
array version_kind[VERSIONS_MAX]
array version_text[VERSIONS_MAX]
array version_colour[VERSIONS_MAX]
n_versions = 0
row = -1
stats 'versions_names.tsv' using (row = row + 1, row > 0 && n_versions < VERSIONS_MAX ? \
    (n_versions = n_versions + 1, version_kind[n_versions] = strcol(2), \
    version_text[n_versions] = strcol(3), 0) : 0, 0) nooutput
n_generations = 0
n_bad_generations = 0
stats 'versions_marks.tsv' using (n_generations = n_generations + (strcol(2) eq 'generation'), \
    n_bad_generations = n_bad_generations + (strcol(2) eq 'bad_generation'), 0) nooutput

# Good versions are cold, bad ones warm, each next one of a kind has the next colour.
array GOOD[8] = [BLUE, GREEN, SKY, '#8fb8d8', '#5fc9a8', '#3f6f9f', '#a8d5e8', '#2f8f7f']
array BAD[8] = [VERMILION, ORANGE, PURPLE, YELLOW, '#b0413e', '#f0a080', '#a05080', '#c8a020']
array NEUTRAL[8] = [GREY, '#b5bdc7', '#6c7886', '#d0d5db', '#4d5866', \
    '#a0a9b4', '#7d8896', '#c2c9d1']
n_good = 0
n_bad = 0
n_neutral = 0
do for [k = 1:n_versions] {
    n_good = n_good + (version_kind[k] eq 'good')
    n_bad = n_bad + (version_kind[k] eq 'bad')
    n_neutral = n_neutral + (version_kind[k] ne 'good' && version_kind[k] ne 'bad')
    version_colour[k] = version_kind[k] eq 'good' ? GOOD[n_good] : \
        version_kind[k] eq 'bad' ? BAD[n_bad] : NEUTRAL[n_neutral]
}

set datafile columnheaders
DATA = 'versions.tsv'
eval MEASURE_TIME
# On any of the areas and on the ground.
HARM = IS_DARK ? '#ffc2cc' : '#a8200d'
up_to(k) = 100 * (sum [c = 1:k] value_or(sprintf('version_%d', c), 0))

PANELS_HEIGHT = 260
eval LAY_OUT
eval OPEN_PICTURE
PANEL_TOP = FIRST
PANEL_BOTTOM = LAST_BOTTOM
eval NEXT_PANEL
SHOWS = 'Which version of the config the PoPs hold. Times are UTC.'
eval FRAME
LEGEND_TEXT = 'Share of PoPs by version'
eval LEGEND_HEADING
do for [k = 1:n_versions] {
    LEGEND_TEXT = version_text[k]
    LEGEND_COLOUR = version_colour[k]
    eval LEGEND_ENTRY
}
if (n_generations) {
    LEGEND_TEXT = 'ticks: a version is made'
    LEGEND_COLOUR = INK
    eval LEGEND_ENTRY
}
if (n_bad_generations) {
    LEGEND_TEXT = 'ticks: a harmful one is made'
    LEGEND_COLOUR = HARM
    eval LEGEND_ENTRY
}
do for [i = 1:n_events] {
    set arrow 500 + i front linewidth 0.9 linecolor rgb INK dashtype (4, 4)
}
set yrange [0:100]
set ytics 0, 20, 100
set format y '%g%%'
eval TIME_LABELS
AREAS = "for [k = 1:n_versions] DATA using (column('time')):(up_to(k - 1)):(up_to(k)) ".\
    "with filledcurves linecolor rgb version_colour[k]"
# Ticks at the foot, on a halo that parts them from the areas; harmful ones stand out.
tick(kind, height, width, colour) = sprintf(", MARKS using (column(1)):".\
    "(strcol(2) eq '%s' ? 0 : NaN):(0):(%g) with vectors nohead linewidth %g linecolor rgb '%s'", \
    kind, height, width, colour)
ticks(kind, height, width, colour) = tick(kind, height + 0.4, width + 1.4, GROUND).\
    tick(kind, height, width, colour)
eval 'plot '.(n_versions ? AREAS : '-1').(n_generations ? ticks('generation', 3, 0.9, INK) : '').\
    (n_bad_generations ? ticks('bad_generation', 6, 1.2, HARM) : '')
