#include "models/csv.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

static Csv *
parse(const char *text)
{
    Csv *csv = NULL;
    g_autoptr(GError) error = NULL;
    CHECK(csv_parse("t.csv", text, strlen(text), 100, &csv, &error));
    CHECK(error == NULL);
    return csv;
}

static void
cells_are_found_by_row_and_column_name(void)
{
    g_autoptr(Csv) csv = parse("code,Name\nAMS,Amsterdam\nLHR,London\n");
    CHECK_INT(csv->n_rows, 2);
    CHECK_INT(csv_column(csv, "name"), 1);
    CHECK_INT(csv_column(csv, "nothing"), UINT32_MAX);
    CHECK_STR(csv_cell(csv, 1, csv_column(csv, "CODE")), "LHR");
    CHECK_STR(csv_cell(csv, 1, UINT32_MAX), "");
    CHECK_INT(csv->lines[1], 3);
}

static void
quotes_hide_commas_line_ends_and_quotes(void)
{
    g_autoptr(Csv) csv = parse("a,b\n\"x, \"\"y\"\"\nz\" , \"\"\n1,2\n");
    CHECK_STR(csv_cell(csv, 0, 0), "x, \"y\"\nz");
    CHECK_STR(csv_cell(csv, 0, 1), "");
    CHECK_STR(csv_cell(csv, 1, 1), "2");
    CHECK_INT(csv->lines[1], 4);
}

static void
marks_blanks_and_every_line_end_are_accepted(void)
{
    g_autoptr(Csv) csv = parse("\xEF\xBB\xBF a , b\r\n\r\n 1 ,\t2 2 \r3,\r\n,4");
    CHECK_INT(csv->n_rows, 3);
    CHECK_STR(csv->names[0], "a");
    CHECK_STR(csv_cell(csv, 0, 1), "2 2");
    CHECK_STR(csv_cell(csv, 1, 1), "");
    CHECK_STR(csv_cell(csv, 2, 0), "");
    CHECK_STR(csv_cell(csv, 2, 1), "4");
}

static void
a_broken_table_says_where_and_what_was_expected(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "t.csv:1: the file is empty: expected a row of column names"},
        {"\n\n", "t.csv:1: the file is empty: expected a row of column names"},
        {"a,b\n", "t.csv:2: no rows: expected at least one below the column names"},
        {"a,b\n1,2\n1\n", "t.csv:3: 1 cells: expected 2, as in the header row"},
        {"a,b\n1,2,3\n", "t.csv:2: 3 cells: expected 2, as in the header row"},
        {"a,b\n1,\"2\n3,4\n",
         "t.csv:2: a quote is not closed: expected '\"' before the end of the file"},
        {"a,b\n1,\"2\"3\n",
         "t.csv:2: text after a closing quote: expected a comma or the end of the line"},
        {"a,A\n1,2\n", "t.csv:1: column 'A' twice: expected each name once"},
        {"a\n1\n2\n3\n4\n", "t.csv:5: too many rows: expected at most 3"},
        {"a\n\xff\xfe\n", "t.csv:1: not a text file: expected CSV in UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Csv *csv = NULL;
        g_autoptr(GError) error = NULL;
        CHECK(!csv_parse("t.csv", cases[i].text, strlen(cases[i].text), 3, &csv, &error));
        CHECK(csv == NULL);
        CHECK_STR(error ? error->message : NULL, cases[i].message);
    }
}

static void
binary_and_wide_and_absent_files_are_refused(void)
{
    Csv *csv = NULL;
    g_autoptr(GError) error = NULL;
    CHECK(!csv_parse("t.csv", "a\n\0\n", 4, 3, &csv, &error));
    CHECK_STR(error->message, "t.csv:1: not a text file: expected CSV in UTF-8");
    g_clear_error(&error);
    g_autofree char *wide = g_strnfill(200, ',');
    CHECK(!csv_parse("t.csv", wide, 200, 3, &csv, &error));
    CHECK_STR(error->message, "t.csv:1: too many columns: expected at most 64");
    g_clear_error(&error);
    CHECK(!csv_load("/nowhere/at/all.csv", 3, &csv, &error));
    CHECK_STR(error->message, "/nowhere/at/all.csv: cannot be read: No such file or directory");
    g_clear_error(&error);
    CHECK(!csv_load("/", 3, &csv, &error));
    CHECK_STR(error->message, "/: cannot be read: Is a directory");
    g_clear_error(&error);
    CHECK(!csv_load("/dev/zero", 3, &csv, &error));
    CHECK_STR(error->message, "/dev/zero:1: the file is too large: expected at most 64 MiB");
}

static void
numbers_are_decimal_and_in_range(void)
{
    static const struct {
        const char *cell, *message;
    } cases[] = {
        {"x", "t.csv:2: b 'x' is not a number: expected 0 to 10"},
        {"nan", "t.csv:2: b 'nan' is not a number: expected 0 to 10"},
        {"0x3", "t.csv:2: b '0x3' is not a number: expected 0 to 10"},
        {"1e999", "t.csv:2: b '1e999' is not a number: expected 0 to 10"},
        {"3 4", "t.csv:2: b '3 4' is not a number: expected 0 to 10"},
        {"-1", "t.csv:2: b '-1' is out of range: expected 0 to 10"},
        {"10.5", "t.csv:2: b '10.5' is out of range: expected 0 to 10"},
        {"", "t.csv:2: b '' is not a number: expected 0 to 10"},
        {"7.25", NULL},
        {"1e1", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("a,b\n1,%s\n", cases[i].cell);
        g_autoptr(Csv) csv = parse(text);
        g_autoptr(GError) error = NULL;
        double value = -5;
        bool ok = csv_number(csv, 0, 1, 0, 10, NAN, &value, &error);
        CHECK_INT(ok, !cases[i].message);
        if (cases[i].message)
            CHECK_STR(error ? error->message : NULL, cases[i].message);
    }
}

static void
an_empty_optional_number_takes_the_fallback(void)
{
    g_autoptr(Csv) csv = parse("a,b\n1,\n");
    double value = 0;
    CHECK(csv_number(csv, 0, 1, 0, 10, 3, &value, NULL));
    CHECK_NEAR(value, 3, 0);
    CHECK(csv_number(csv, 0, UINT32_MAX, 0, 10, 4, &value, NULL));
    CHECK_NEAR(value, 4, 0);
}

static CU_TestInfo tests[] = {
    {"cells_are_found_by_row_and_column_name", cells_are_found_by_row_and_column_name},
    {"quotes_hide_commas_line_ends_and_quotes", quotes_hide_commas_line_ends_and_quotes},
    {"marks_blanks_and_every_line_end_are_accepted", marks_blanks_and_every_line_end_are_accepted},
    {"a_broken_table_says_where_and_what_was_expected",
     a_broken_table_says_where_and_what_was_expected},
    {"binary_and_wide_and_absent_files_are_refused", binary_and_wide_and_absent_files_are_refused},
    {"numbers_are_decimal_and_in_range", numbers_are_decimal_and_in_range},
    {"an_empty_optional_number_takes_the_fallback", an_empty_optional_number_takes_the_fallback},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("csv", tests)
