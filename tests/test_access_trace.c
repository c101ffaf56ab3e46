#include "tests/harness.h"

#include "models/access_trace.h"
#include "sim/rng.h"

#include <string.h>
#include <unistd.h>

/* A file of these bytes, opened; what went wrong otherwise, without the name of the file. */
typedef struct Sample {
    char *path;
    AccessTrace *trace;
    char *complaint; /* NULL: it opened, and later: it was read */
} Sample;

static char *
without_path(const char *message, const char *path)
{
    CHECK(g_str_has_prefix(message, path));
    return g_strdup(message + MIN(strlen(message), strlen(path)));
}

static Sample
sample_open(const void *bytes, size_t length, AccessTraceFormat format)
{
    Sample sample = {0};
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("access_trace_XXXXXX", &sample.path, NULL);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes, length), length);
    close(fd);
    if (!access_trace_open(sample.path, format, &sample.trace, &error))
        sample.complaint = without_path(error->message, sample.path);
    return sample;
}

static void
sample_finish(Sample *sample)
{
    access_trace_free(sample->trace);
    unlink(sample->path);
    g_free(sample->path);
    g_free(sample->complaint);
}

/* All that is left, in pieces of so many; fewer than n_max. */
static uint32_t
read_all(Sample *sample, Access *accesses, uint32_t n_max, uint32_t piece)
{
    g_autoptr(GError) error = NULL;
    uint32_t n = 0, more = 1;
    while (more > 0 && n + piece <= n_max) {
        if (!access_trace_read(sample->trace, accesses + n, piece, &more, &error)) {
            sample->complaint = without_path(error->message, sample->path);
            return n;
        }
        n += more;
    }
    return n;
}

static void
append_record(GByteArray *out, uint32_t seconds, uint64_t key, uint32_t bytes, int64_t next)
{
    for (int i = 0; i < 24; i++) {
        uint64_t value = i < 4 ? seconds : i < 12 ? key : i < 16 ? bytes : (uint64_t)next;
        int shift = 8 * (i < 4 ? i : i < 12 ? i - 4 : i < 16 ? i - 12 : i - 16);
        guint8 byte = (guint8)(value >> shift);
        g_byte_array_append(out, &byte, 1);
    }
}

#define MANY 100000u

static void
a_binary_trace_reads_back(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree Access *accesses = g_new(Access, MANY + 1000);
    for (uint32_t i = 0; i < MANY; i++)
        append_record(bytes, 1700000000 + i, sim_mix64(i), i * 7, i % 3 ? -1 : (int64_t)i + 9);
    static const uint32_t pieces[] = {1, 7, 1000};
    Sample sample = sample_open(bytes->data, bytes->len, ACCESS_TRACE_AUTO);
    CHECK_INT(access_trace_format(sample.trace), ACCESS_TRACE_ORACLE);
    CHECK(access_trace_has_sizes(sample.trace));
    for (size_t piece = 0; piece < G_N_ELEMENTS(pieces); piece++) {
        uint32_t wrong = 0;
        CHECK_INT(read_all(&sample, accesses, MANY + 1000, pieces[piece]), MANY);
        for (uint32_t i = 0; i < MANY; i++)
            wrong += accesses[i].at != (SimTime)(1700000000 + i) * SIM_SECOND ||
                     accesses[i].key != sim_mix64(i) || accesses[i].bytes != i * 7;
        CHECK_INT(wrong, 0);
        CHECK(access_trace_rewind(sample.trace, NULL));
    }
    sample_finish(&sample);
}

static void
a_text_trace_reads_back_across_blocks(void)
{
    g_autoptr(GString) text = g_string_new("time,key,size\n");
    g_autofree Access *accesses = g_new(Access, MANY + 1000);
    for (uint32_t i = 0; i < MANY; i++)
        g_string_append_printf(text, "%u.%09u,https://example.net/%u?%.*s,%u\n", i, i, i,
                               (int)(i % 40), "qwertzuiopasdfghjklyxcvbnmqwertzuiopasdfghjkl", i);
    CHECK(text->len > 3u << 20);
    Sample sample = sample_open(text->str, text->len, ACCESS_TRACE_AUTO);
    CHECK_INT(access_trace_format(sample.trace), ACCESS_TRACE_CSV);
    for (int pass = 0; pass < 2; pass++) {
        uint32_t wrong = 0;
        CHECK_INT(read_all(&sample, accesses, MANY + 1000, 1000), MANY);
        for (uint32_t i = 0; i < MANY; i++) {
            g_autofree char *key = g_strdup_printf("https://example.net/%u?%.*s", i, (int)(i % 40),
                                                   "qwertzuiopasdfghjklyxcvbnmqwertzuiopasdfghjkl");
            wrong += accesses[i].at != i * SIM_SECOND + i || accesses[i].bytes != i ||
                     accesses[i].key != sim_hash_text(key);
        }
        CHECK_INT(wrong, 0);
        CHECK(access_trace_rewind(sample.trace, NULL));
    }
    sample_finish(&sample);
}

/* Texts that all say: at 5 s for `a,"b` with 9 bytes, then at 6.25 s for `c` with 0. */
static const char *const spellings[] = {
    "time,key,size\n5,\"a,\"\"b\",9\n6.25,c,0\n",
    "5,\"a,\"\"b\",9\n6.25,c,0",
    "Size, KEY ,Time\r\n9,\"a,\"\"b\" , 5\r\n\r\n0,c,6.25000000000\r\n",
    "\xef\xbb\xbftime,node,key,size\n5,x,\"a,\"\"b\",9\n\n6.250,\"x,y\",c,0\n\n",
    "\n\n\"5\",\"a,\"\"b\",\"9\"\n6.25 ,\tc, 0 \n",
    "key,time,size,\n\"a,\"\"b\",1970-01-01T00:00:05Z,9,\n\"c\",06.25,00,\n",
};

static void
columns_have_names_or_an_order(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        Access accesses[8];
        Sample sample = sample_open(spellings[i], strlen(spellings[i]), ACCESS_TRACE_AUTO);
        CHECK_INT(read_all(&sample, accesses, 8, 1), 2);
        CHECK(!sample.complaint);
        CHECK(access_trace_has_sizes(sample.trace));
        CHECK_INT(accesses[0].at, 5 * SIM_SECOND);
        CHECK(accesses[0].key == sim_hash_text("a,\"b"));
        CHECK_INT(accesses[0].bytes, 9);
        CHECK_INT(accesses[1].at, 6250 * SIM_MILLISECOND);
        CHECK(accesses[1].key == sim_hash_text("c"));
        CHECK_INT(accesses[1].bytes, 0);
        sample_finish(&sample);
    }
}

static void
sizes_may_be_unknown(void)
{
    static const char *const texts[] = {"1,a\n2,b\n", "key,time\na,1\nb,2\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        Access accesses[4];
        Sample sample = sample_open(texts[i], strlen(texts[i]), ACCESS_TRACE_CSV);
        CHECK_INT(read_all(&sample, accesses, 4, 1), 2);
        CHECK(!access_trace_has_sizes(sample.trace));
        CHECK_INT(accesses[1].bytes, 0);
        sample_finish(&sample);
    }
}

static void
nothing_is_read_from_nothing(void)
{
    static const char *const texts[] = {"", "\n\n", "time,key\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        for (int format = 0; format < ACCESS_TRACE_FORMAT_COUNT; format++) {
            Access accesses[4];
            if (i > 0 && format == ACCESS_TRACE_ORACLE)
                continue;
            Sample sample = sample_open(texts[i], strlen(texts[i]), (AccessTraceFormat)format);
            CHECK_INT(read_all(&sample, accesses, 4, 1), 0);
            CHECK(!sample.complaint);
            sample_finish(&sample);
        }
}

static const struct {
    const char *text, *complaint;
} malformed[] = {
    {"x,a\n", ":1: 'x' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"timestamp,key,size\n1,a,2\n",
     ":1: 'timestamp' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"1,a\n-2,a\n", ":2: '-2' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"1,a\n1e9,a\n", ":2: '1e9' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"1.,a\n", ":1: '1.' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"99999999999,a\n",
     ":1: '99999999999' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"1,a\n,a\n", ":2: '' is no time: expected seconds, or a timestamp 2025-11-18T11:05:00Z"},
    {"time,key\n1,\n", ":2: the key is empty: expected a text"},
    {"1,a,5\n\n2,a,5.5\n", ":3: '5.5' is no size: expected a number of bytes"},
    {"1,a,-1\n", ":1: '-1' is no size: expected a number of bytes"},
    {"1,a,99999999999999999999\n",
     ":1: '99999999999999999999' is no size: expected a number of bytes"},
    {"1,a\n2,b,3\n", ":2: 3 cells: expected 2, as in the first line"},
    {"time,key,size\n2,b\n", ":2: 2 cells: expected 3, as in the first line"},
    {"1,a,2,3\n", ":1: 4 cells: expected time,key or time,key,size, or a line with these names "
                  "above others"},
    {"once upon a time\n", ":1: 1 cell: expected time,key or time,key,size, or a line with these "
                           "names above others"},
    {"1,\"a\n2,b\n", ":1: a quote is not closed: expected '\"' before the end of the line"},
    {"1,\"a\"b\n", ":1: text after a closing quote: expected a comma or the end of the line"},
    {"1,\"", ":1: a quote is not closed: expected '\"' before the end of the line"},
    {"1,a\n0123456789012345678901234567890123456789012345,b\n",
     ":2: '0123456789012345678901234567890123456789' is no time: expected seconds, or a timestamp "
     "2025-11-18T11:05:00Z"},
};

static void
wrong_lines_are_named(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
        Access accesses[8];
        const char *text = malformed[i].text;
        Sample sample = sample_open(text, strlen(text), ACCESS_TRACE_AUTO);
        read_all(&sample, accesses, 8, 1);
        CHECK_STR(sample.complaint, malformed[i].complaint);
        sample_finish(&sample);
    }
}

static void
check_complaint(const void *bytes, size_t length, AccessTraceFormat format, const char *want)
{
    g_autofree Access *accesses = g_new(Access, 1000);
    Sample sample = sample_open(bytes, length, format);
    if (sample.trace)
        read_all(&sample, accesses, 1000, 10);
    CHECK_STR(sample.complaint ? sample.complaint : "", want);
    sample_finish(&sample);
}

static void
odd_files_are_refused(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (int i = 0; i < 3; i++)
        append_record(bytes, 1, 2, 3, -1);
    check_complaint(bytes->data, 71, ACCESS_TRACE_AUTO,
                    ": record 3: the file ends after 23 bytes of it: expected 24");
    check_complaint(bytes->data, 72, ACCESS_TRACE_CSV,
                    ":1: a zero byte: expected text (time,key,size)");
    append_record(bytes, 1, 2, 3, -2);
    check_complaint(bytes->data, 96, ACCESS_TRACE_AUTO,
                    ": record 4: the next access is -2: expected a number, or -1; is this an "
                    "oracleGeneral trace?");
    check_complaint("\x1f\x8b\x08\0\0", 5, ACCESS_TRACE_AUTO,
                    ": the file is compressed: expected a plain one, as `gzip -dc` makes it");
    check_complaint("\x28\xb5\x2f\xfd\0", 5, ACCESS_TRACE_AUTO,
                    ": the file is compressed: expected a plain one, as `zstd -dc` makes it");
    g_autofree char *commas = g_strnfill(100, ',');
    check_complaint(commas, 100, ACCESS_TRACE_CSV, ":1: too many cells: expected at most 64");
}

static void
long_lines_are_refused_wherever_they_end(void)
{
    static const size_t lengths[] = {ACCESS_TRACE_LINE_MAX, ACCESS_TRACE_LINE_MAX + 1, 1 << 20,
                                     (1 << 20) + 1, 3 << 20};
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
        for (int ends = 0; ends < 2; ends++) {
            g_autofree char *line = g_strnfill(lengths[i] + 1, 'k');
            memcpy(line, "1,", 2);
            line[lengths[i]] = '\n';
            check_complaint(line, lengths[i] + (size_t)ends, ACCESS_TRACE_CSV,
                            i == 0 ? "" : ":1: the line is too long: expected at most 65536 bytes");
        }
}

static void
missing_files_and_folders_are_named(void)
{
    AccessTrace *trace = NULL;
    g_autoptr(GError) missing = NULL, folder = NULL;
    CHECK(!access_trace_open("/nowhere/at/all", ACCESS_TRACE_AUTO, &trace, &missing));
    CHECK_HAS(missing->message, "/nowhere/at/all: cannot open: No such file");
    CHECK(!access_trace_open("/", ACCESS_TRACE_AUTO, &trace, &folder));
    CHECK_HAS(folder->message, "/: cannot read: Is a directory");
    CHECK(trace == NULL);
}

/* Neither crashes, nor reads beyond the end, nor goes on for ever: for the sanitizers. */
static void
garbage_is_read_or_refused(void)
{
    static const char alphabet[] = "0123456789.,,,\"\"\n\n\r \tabTZ:-\xff\0";
    Access accesses[64];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        char bytes[600];
        SimRng rng = sim_rng_named(seed, 0, "garbage");
        size_t length = sim_rng_below(&rng, sizeof bytes);
        bool is_text = sim_rng_chance(&rng, .8);
        for (size_t i = 0; i < length; i++) {
            uint64_t draw = sim_rng_u64(&rng);
            bytes[i] = is_text ? alphabet[draw % (sizeof alphabet - 1)] : (char)draw;
        }
        Sample sample = sample_open(bytes, length, (AccessTraceFormat)(seed % 3));
        CHECK((sample.trace == NULL) == (sample.complaint != NULL));
        if (sample.trace)
            CHECK(read_all(&sample, accesses, 64, 5) <= 64);
        sample_finish(&sample);
    }
}

static CU_TestInfo tests[] = {
    {"a_binary_trace_reads_back", a_binary_trace_reads_back},
    {"a_text_trace_reads_back_across_blocks", a_text_trace_reads_back_across_blocks},
    {"columns_have_names_or_an_order", columns_have_names_or_an_order},
    {"sizes_may_be_unknown", sizes_may_be_unknown},
    {"nothing_is_read_from_nothing", nothing_is_read_from_nothing},
    {"wrong_lines_are_named", wrong_lines_are_named},
    {"odd_files_are_refused", odd_files_are_refused},
    {"long_lines_are_refused_wherever_they_end", long_lines_are_refused_wherever_they_end},
    {"missing_files_and_folders_are_named", missing_files_and_folders_are_named},
    {"garbage_is_read_or_refused", garbage_is_read_or_refused},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("access_trace", tests)
