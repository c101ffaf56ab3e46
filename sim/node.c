#include "sim/node.h"

#include "sim/base.h"
#include "sim/compose.h"
#include "sim/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCLUDE "include"
#define INCLUDE_DEPTH_MAX 16u

struct SimDocument {
    SimTree tree;
    SimNode *root;
    GPtrArray *texts;   /* of the files, to which all marks point */
    GPtrArray *loaded;  /* real paths of all files read so far */
    GPtrArray *open;    /* real paths of the file being read and those that include it */
    char *home;         /* real directory of the scenario; NULL: from memory, no includes */
    char *library;      /* real directory, NULL: none */
    bool is_incomplete; /* a file is missing or broken: later errors would only follow from that */
};

const SimNode *
sim_node_get(const SimNode *mapping, const char *key)
{
    if (!mapping || mapping->kind != SIM_NODE_MAPPING)
        return NULL;
    uint32_t at = sim_tree_find(mapping, key);
    return at == UINT32_MAX ? NULL : mapping->pairs[at].value;
}

bool
sim_node_is_null(const SimNode *node)
{
    return node->kind == SIM_NODE_SCALAR && !node->is_quoted && node->scalar[0] == '\0';
}

const char *
sim_node_kind_name(const SimNode *node)
{
    static const char *const names[] = {[SIM_NODE_SCALAR] = "a value",
                                        [SIM_NODE_MAPPING] = "a mapping",
                                        [SIM_NODE_SEQUENCE] = "a list"};
    if (sim_node_is_null(node))
        return "nothing";
    return names[node->kind];
}

const SimNode *
sim_document_root(const SimDocument *document)
{
    return document->root;
}

static SimDocument *
document_new(SimMessages *messages)
{
    SimDocument *document = g_new0(SimDocument, 1);
    sim_tree_init(&document->tree, messages);
    document->texts = g_ptr_array_new_with_free_func(g_free);
    document->loaded = g_ptr_array_new_with_free_func(free);
    document->open = g_ptr_array_new();
    return document;
}

void
sim_document_free(SimDocument *document)
{
    if (!document)
        return;
    sim_tree_finish(&document->tree);
    g_ptr_array_free(document->texts, TRUE);
    g_ptr_array_free(document->loaded, TRUE);
    g_ptr_array_free(document->open, TRUE);
    free(document->home);
    free(document->library);
    g_free(document);
}

/* Reading a file. */

static const char *
describe(int error)
{
    switch (error) {
    case ENOENT:
        return "there is no such file";
    case EACCES:
        return "the file may not be read";
    case EISDIR:
        return "this is a directory: expected a file";
    case EFBIG:
        return "the file is larger than the limit of 8 MB";
    default:
        return g_strerror(error);
    }
}

/* Up to one byte more than the limit, so that devices and pipes without end are refused too. */
static int
read_all(int descriptor, GString *out)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > SIM_YAML_BYTES_MAX)
        return EFBIG;
    char block[16384];
    while (out->len <= SIM_YAML_BYTES_MAX) {
        ssize_t got = read(descriptor, block, sizeof block);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            return 0;
        if (got > 0)
            g_string_append_len(out, block, got);
    }
    return EFBIG;
}

/* The text, owned by the document; NULL: a message at the mark says why. */
static const GString *
slurp(SimDocument *document, const char *path, SimMark mark, const char *prefix)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int descriptor = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    GString *text = g_string_new(NULL);
    int error = descriptor < 0 ? errno : read_all(descriptor, text);
    if (descriptor >= 0 && !is_stdin)
        close(descriptor);
    if (error != 0)
        sim_messages_error(document->tree.messages, mark, "%s%s", prefix, describe(error));
    GString *kept = sim_pool_alloc(document->tree.pool, 1, sizeof *kept);
    *kept = (GString){.len = text->len};
    kept->str = g_string_free(text, FALSE);
    g_ptr_array_add(document->texts, kept->str);
    return error == 0 ? kept : NULL;
}

/* Includes. */

static SimNode *read_file(SimDocument *document, const char *real, const char *shown, SimMark mark,
                          const char *prefix);

static bool
lies_under(const char *path, const char *directory)
{
    if (!directory)
        return false;
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 &&
           (path[length] == '/' || strcmp(directory, "/") == 0);
}

static bool
contains(const GPtrArray *paths, const char *path)
{
    for (guint i = 0; i < paths->len; i++)
        if (strcmp(paths->pdata[i], path) == 0)
            return true;
    return false;
}

static void
report_cycle(SimDocument *document, const char *path, SimMark mark)
{
    g_autoptr(GString) chain = g_string_new(NULL);
    bool is_inside = false;
    for (guint i = 0; i < document->open->len; i++) {
        is_inside = is_inside || strcmp(document->open->pdata[i], path) == 0;
        g_autofree char *name = g_path_get_basename(document->open->pdata[i]);
        if (is_inside)
            g_string_append_printf(chain, "%s -> ", name);
    }
    g_autofree char *last = g_path_get_basename(path);
    sim_messages_error(document->tree.messages, mark, "files include each other: %s%s", chain->str,
                       last);
}

/* The real path (to be freed) of what an include names, and the path to show; NULL: see errno. */
static char *
find_include(SimDocument *document, const char *text, const char *includer, char **ret_shown)
{
    g_autofree char *directory = g_path_get_dirname(includer);
    bool is_bare = strchr(includer, '/') == NULL || g_path_is_absolute(text);
    char *shown = is_bare ? g_strdup(text) : g_build_filename(directory, text, NULL);
    char *real = realpath(shown, NULL);
    if (!real && document->library && !g_path_is_absolute(text)) {
        g_free(shown);
        shown = g_build_filename(document->library, text, NULL);
        real = realpath(shown, NULL);
    }
    int error = errno;
    *ret_shown = sim_pool_strndup(document->tree.pool, shown, strlen(shown));
    g_free(shown);
    errno = error;
    return real;
}

/* Joins one included file into base. */
static void
include(SimDocument *document, SimNode *base, const SimNode *item, const char *includer)
{
    SimMessages *messages = document->tree.messages;
    if (item->kind != SIM_NODE_SCALAR || sim_node_is_null(item)) {
        sim_messages_error(messages, item->mark, "expected the path of a file, found %s",
                           sim_node_kind_name(item));
        return;
    }
    char *shown = NULL;
    char *real = find_include(document, item->scalar, includer, &shown);
    if (!real) {
        sim_messages_error(messages, item->mark, "'%.200s' can not be included: %s", item->scalar,
                           describe(errno));
        document->is_incomplete = true;
        return;
    }
    bool is_allowed = lies_under(real, document->home) || lies_under(real, document->library);
    bool is_open = contains(document->open, real), is_done = contains(document->loaded, real);
    g_ptr_array_add(document->loaded, real);
    if (!is_allowed) {
        sim_messages_error(messages, item->mark,
                           "'%.200s' can not be included: expected a file under the scenario's "
                           "directory or in the library",
                           item->scalar);
        document->is_incomplete = true;
    } else if (is_open) {
        report_cycle(document, real, item->mark);
    } else if (!is_done) {
        g_autofree char *prefix = g_strdup_printf("'%.200s' can not be included: ", item->scalar);
        SimNode *file = read_file(document, real, shown, item->mark, prefix);
        if (file)
            sim_compose_join(&document->tree, base, file);
    }
}

static SimNode *
join_includes(SimDocument *document, SimNode *file, const char *shown)
{
    const SimNode *list = sim_node_get(file, INCLUDE);
    sim_tree_remove(file, INCLUDE);
    if (!list || sim_node_is_null(list))
        return file;
    if (!document->home || document->open->len > INCLUDE_DEPTH_MAX) {
        sim_messages_error(document->tree.messages, list->mark, "%s",
                           document->home ? "includes are nested too deep"
                                          : "include needs a scenario that is read from a file");
        return file;
    }
    SimNode *base = sim_tree_node(&document->tree, SIM_NODE_MAPPING, file->mark);
    if (!base)
        return NULL;
    if (list->kind == SIM_NODE_SEQUENCE)
        for (uint32_t i = 0; i < list->n && !document->tree.is_full; i++)
            include(document, base, list->items[i], shown);
    else
        include(document, base, list, shown);
    sim_compose_join(&document->tree, base, file);
    return base;
}

static SimNode *
read_text(SimDocument *document, const char *text, size_t length, const char *shown)
{
    SimMessages *messages = document->tree.messages;
    uint32_t errors = sim_messages_errors(messages);
    SimNode *file = sim_yaml_read(&document->tree, shown, text, length, 0);
    bool is_clean = sim_messages_errors(messages) == errors;
    if (is_clean && (!file || sim_node_is_null(file)))
        sim_messages_error(messages, (SimMark){.file = shown}, "the file is empty");
    else if (file && file->kind != SIM_NODE_MAPPING)
        sim_messages_error(messages, file->mark,
                           "expected a mapping (lines of `key: value`) at the top, found %s",
                           sim_node_kind_name(file));
    if (!file || file->kind != SIM_NODE_MAPPING) {
        document->is_incomplete = true;
        return NULL;
    }
    return join_includes(document, file, shown);
}

/* The mapping of a file with what it includes; NULL: messages say why. */
static SimNode *
read_file(SimDocument *document, const char *real, const char *shown, SimMark mark,
          const char *prefix)
{
    const GString *text = slurp(document, real, mark, prefix);
    if (!text) {
        document->is_incomplete = true;
        return NULL;
    }
    g_ptr_array_add(document->open, (void *)real);
    SimNode *file = read_text(document, text->str, text->len, shown);
    g_ptr_array_set_size(document->open, (gint)document->open->len - 1);
    return file;
}

static void
finish(SimDocument *document, SimNode *root, const SimDocumentOptions *options)
{
    SimTree *tree = &document->tree;
    if (root && !tree->is_full)
        sim_compose_templates(tree, root);
    if (root && !tree->is_full)
        sim_compose_overrides(tree, root);
    for (guint i = 0; root && !tree->is_full && options && options->set && options->set[i]; i++) {
        char name[32];
        int length = g_snprintf(name, sizeof name, "--set %u", i + 1);
        const char *option = options->set[i];
        sim_compose_set(tree, root, sim_pool_strndup(tree->pool, option, strlen(option)),
                        sim_pool_strndup(tree->pool, name, (size_t)length));
    }
    document->root = tree->is_full || document->is_incomplete ? NULL : root;
}

SimDocument *
sim_document_load(const char *path, const SimDocumentOptions *options, SimMessages *messages)
{
    SimDocument *document = document_new(messages);
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "<stdin>" : path;
    char *shown = sim_pool_strndup(document->tree.pool, name, strlen(name));
    g_autofree char *directory = is_stdin ? g_strdup(".") : g_path_get_dirname(path);
    document->home = realpath(directory, NULL);
    if (options && options->library)
        document->library = realpath(options->library, NULL);
    char *real = is_stdin ? strdup("-") : realpath(path, NULL);
    if (!real)
        real = strdup(path);
    g_ptr_array_add(document->loaded, real);
    finish(document, read_file(document, real, shown, (SimMark){.file = shown}, ""), options);
    return document;
}

SimDocument *
sim_document_parse(const char *text, size_t length, const char *name,
                   const SimDocumentOptions *options, SimMessages *messages)
{
    SimDocument *document = document_new(messages);
    char *copy = g_malloc(length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    g_ptr_array_add(document->texts, copy);
    char *shown = sim_pool_strndup(document->tree.pool, name, strlen(name));
    finish(document, read_text(document, copy, length, shown), options);
    return document;
}
