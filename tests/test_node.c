#include "sim/node.h"
#include "tests/harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A directory of files that vanishes with the test. */
static char *
directory_new(void)
{
    char *path = g_dir_make_tmp("test_node_XXXXXX", NULL);
    CHECK(path != NULL);
    return path;
}

static void
write_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0700);
    CHECK(g_file_set_contents(path, text, -1, NULL));
}

static void
directory_remove(char *path)
{
    char *arguments[] = {(char *)"rm", (char *)"-rf", path, NULL};
    g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(path);
}

/* The document's root on one line, as flow YAML. */
static void
print_node(const SimNode *node, GString *out)
{
    if (node->kind == SIM_NODE_SCALAR)
        g_string_append(out, node->scalar);
    else
        g_string_append_c(out, node->kind == SIM_NODE_MAPPING ? '{' : '[');
    for (uint32_t i = 0; i < node->n; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        if (node->kind == SIM_NODE_MAPPING)
            g_string_append_printf(out, "%s: ", node->pairs[i].key);
        print_node(node->kind == SIM_NODE_MAPPING ? node->pairs[i].value : node->items[i], out);
    }
    if (node->kind != SIM_NODE_SCALAR)
        g_string_append_c(out, node->kind == SIM_NODE_MAPPING ? '}' : ']');
}

/* Either the root or the messages' first lines, without the directory. */
static char *
outcome(const char *directory, const char *name, const char *library)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimDocumentOptions options = {.library = library};
    g_autoptr(SimDocument) document = sim_document_load(path, &options, messages);
    GString *out = g_string_new(NULL);
    if (sim_messages_errors(messages) == 0)
        print_node(sim_document_root(document), out);
    else
        sim_messages_print(messages, false, out);
    g_autofree char *prefix = g_strconcat(directory, "/", NULL);
    g_string_replace(out, prefix, "", 0);
    return g_string_free(out, FALSE);
}

static void
check_load(const char *directory, const char *name, const char *want)
{
    g_autofree char *got = outcome(directory, name, NULL);
    if (strchr(want, '{') == want)
        CHECK_STR(got, want);
    else
        CHECK_HAS(got, want);
}

static void
unreadable_files_say_why(void)
{
    char *directory = directory_new();
    write_file(directory, "empty.yaml", "");
    write_file(directory, "comment.yaml", "# nothing\n");
    write_file(directory, "list.yaml", "- a\n");
    write_file(directory, "word.yaml", "hello\n");
    check_load(directory, "none.yaml", "none.yaml: error: there is no such file\n");
    check_load(directory, ".", "error: this is a directory: expected a file\n");
    check_load(directory, "empty.yaml", "empty.yaml: error: the file is empty\n");
    check_load(directory, "comment.yaml", "comment.yaml: error: the file is empty\n");
    check_load(directory, "list.yaml",
               "list.yaml:1:1: error: expected a mapping (lines of `key: value`) at the top, found "
               "a list\n");
    check_load(directory, "word.yaml",
               "word.yaml:1:1: error: expected a mapping (lines of `key: "
               "value`) at the top, found a value\n");
    g_autofree char *huge = g_build_filename(directory, "huge.yaml", NULL);
    write_file(directory, "huge.yaml", "a: 1\n");
    CHECK_INT(truncate(huge, 100 << 20), 0);
    check_load(directory, "huge.yaml",
               "huge.yaml: error: the file is larger than the limit of 8 MB\n");
    g_autofree char *endless = outcome("/dev", "zero", NULL);
    CHECK_STR(endless, "zero: error: the file is larger than the limit of 8 MB\n");
    directory_remove(directory);
}

static void
includes_are_joined_under_the_including_file(void)
{
    char *directory = directory_new();
    write_file(directory, "parts/base.yaml",
               "sites: {a: {x: 1, y: 1}}\ntimeline: [one]\nlist: [1, 2]\ninclude: deep.yaml\n");
    write_file(directory, "parts/deep.yaml", "deep: 1\nsites: {a: {y: 0}, b: {z: 1}}\n");
    write_file(directory, "main.yaml",
               "include: [parts/base.yaml, parts/deep.yaml]\nsites: {a: {x: 2}}\n"
               "timeline: [two]\nlist: [3]\n");
    check_load(directory, "main.yaml",
               "{deep: 1, sites: {a: {y: 1, x: 2}, b: {z: 1}}, timeline: [one, two], list: [3]}");
    directory_remove(directory);
}

static void
includes_that_can_not_be_say_why(void)
{
    char *directory = directory_new();
    write_file(directory, "out.yaml", "a: 1\n");
    write_file(directory, "in/absent.yaml", "a: 1\ninclude: [nix.yaml]\n");
    write_file(directory, "in/escape.yaml", "include: [../out.yaml]\n");
    write_file(directory, "in/link.yaml", "include: [linked.yaml]\n");
    write_file(directory, "in/one.yaml", "include: two.yaml\n");
    write_file(directory, "in/two.yaml", "x: 1\ninclude: [one.yaml]\n");
    write_file(directory, "in/self.yaml", "include: [self.yaml]\n");
    write_file(directory, "in/kind.yaml", "include: [{a: b}]\n");
    write_file(directory, "in/broken.yaml", "include: [bad.yaml]\nz: 1\n");
    write_file(directory, "in/bad.yaml", "a: [1\n");
    g_autofree char *link = g_build_filename(directory, "in/linked.yaml", NULL);
    CHECK_INT(symlink("../out.yaml", link), 0);
    check_load(directory, "in/absent.yaml",
               "in/absent.yaml:2:11: error: 'nix.yaml' can not be included: there is no such file");
    check_load(directory, "in/escape.yaml",
               "in/escape.yaml:1:11: error: '../out.yaml' can not be included: expected a file "
               "under the scenario's directory or in the library\n");
    check_load(directory, "in/link.yaml", "in/link.yaml:1:11: error: 'linked.yaml' can not be");
    check_load(directory, "in/one.yaml",
               "in/two.yaml:2:11: error: files include each other: "
               "one.yaml -> two.yaml -> one.yaml\n");
    check_load(directory, "in/self.yaml",
               "in/self.yaml:1:11: error: files include each other: self.yaml -> self.yaml\n");
    check_load(directory, "in/kind.yaml",
               "in/kind.yaml:1:11: error: expected the path of a file, found a mapping\n");
    check_load(directory, "in/broken.yaml", "in/bad.yaml:2:1: error: not valid YAML: ");
    directory_remove(directory);
}

static void
the_library_is_searched_after_the_scenarios_directory(void)
{
    char *directory = directory_new(), *library = directory_new();
    write_file(library, "parts/x.yaml", "x: library\ninclude: [y.yaml]\n");
    write_file(library, "parts/y.yaml", "y: 1\n");
    write_file(directory, "main.yaml", "include: [parts/x.yaml]\n");
    g_autofree char *found = outcome(directory, "main.yaml", library);
    CHECK_STR(found, "{y: 1, x: library}");
    write_file(directory, "parts/x.yaml", "x: own\n");
    g_autofree char *own = outcome(directory, "main.yaml", library);
    CHECK_STR(own, "{x: own}");
    directory_remove(directory);
    directory_remove(library);
}

static void
a_text_from_memory_has_no_includes(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(SimDocument) document = sim_document_parse("include: x", 10, "text", NULL, messages);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    CHECK_HAS(out->str, "text:1:10: error: include needs a scenario that is read from a file\n");
    CHECK(document != NULL);
}

static void
nothing_given_is_null_and_quoted_text_is_not(void)
{
    const char *text = "a:\nb: ~\nc: null\nd: ''\ne: 'null'\n";
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(SimDocument) document =
        sim_document_parse(text, strlen(text), "text", NULL, messages);
    const SimNode *root = sim_document_root(document);
    CHECK(sim_node_is_null(sim_node_get(root, "a")));
    CHECK(sim_node_is_null(sim_node_get(root, "b")));
    CHECK(sim_node_is_null(sim_node_get(root, "c")));
    CHECK(!sim_node_is_null(sim_node_get(root, "d")));
    CHECK_STR(sim_node_get(root, "e")->scalar, "null");
    CHECK(sim_node_get(root, "f") == NULL);
    CHECK(sim_node_get(NULL, "f") == NULL);
    CHECK_STR(sim_node_kind_name(sim_node_get(root, "a")), "nothing");
}

static CU_TestInfo tests[] = {
    {"unreadable_files_say_why", unreadable_files_say_why},
    {"includes_are_joined_under_the_including_file", includes_are_joined_under_the_including_file},
    {"includes_that_can_not_be_say_why", includes_that_can_not_be_say_why},
    {"the_library_is_searched_after_the_scenarios_directory",
     the_library_is_searched_after_the_scenarios_directory},
    {"a_text_from_memory_has_no_includes", a_text_from_memory_has_no_includes},
    {"nothing_given_is_null_and_quoted_text_is_not", nothing_given_is_null_and_quoted_text_is_not},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("node", tests)
