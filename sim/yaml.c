#include "sim/yaml.h"

#include "sim/base.h"

#include <libfyaml.h>
#include <string.h>

typedef struct Frame {
    SimNode *node;
    const char *anchor;
    guint first;      /* index of its first child in pairs or items */
    SimNodePair pair; /* of a mapping: the key that waits for its value */
    bool has_key;
    bool is_key_lost; /* the key was an error: its value is read and dropped */
} Frame;

typedef struct Reader {
    SimTree *tree;
    const char *name, *text;
    size_t length, skip;
    /* The last place marked, from which the next is found without starting over. */
    size_t line_start, position;
    uint32_t line, column;
    GArray *pairs;       /* SimNodePair of all open mappings */
    GPtrArray *items;    /* of all open sequences */
    GHashTable *anchors; /* name -> SimNode */
    Frame frames[SIM_TREE_DEPTH_MAX + 1];
    uint32_t depth; /* open frames */
    SimNode *root;
    uint32_t documents;
} Reader;

/* Forward from the current place; what comes earlier (rare: the syntax errors at the end) starts
 * over from the top. */
static void
move_to(Reader *reader, size_t position)
{
    if (position > reader->length)
        position = reader->length;
    if (position < reader->position) {
        reader->position = reader->line_start = 0;
        reader->line = reader->column = 1;
    }
    for (; reader->position < position; reader->position++) {
        unsigned char byte = (unsigned char)reader->text[reader->position];
        if (byte == '\n') {
            reader->line++;
            reader->column = 1;
            reader->line_start = reader->position + 1;
        } else if ((byte & 0xc0) != 0x80) {
            reader->column++;
        }
    }
    /* column counts characters begun: at a character's first byte this is its column. */
}

static SimMark
mark_at(Reader *reader, size_t position, size_t bytes)
{
    move_to(reader, position);
    const char *at = reader->text + reader->position;
    size_t end = 0;
    uint32_t characters = 0;
    for (; end < bytes && end < 200 && at[end] && at[end] != '\n'; end++)
        characters += (at[end] & 0xc0) != 0x80;
    return (SimMark){.file = reader->name,
                     .line = reader->line,
                     .column = reader->column,
                     .length = MAX(characters, 1),
                     .offset = (uint32_t)(reader->position - reader->line_start),
                     .text = reader->text + reader->line_start};
}

static SimMark
mark_token(Reader *reader, struct fy_token *token)
{
    const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;
    if (!start)
        return mark_at(reader, reader->position, 1);
    size_t bytes = end && end->input_pos > start->input_pos ? end->input_pos - start->input_pos : 1;
    return mark_at(reader, start->input_pos + reader->skip, bytes);
}

static void G_GNUC_PRINTF(3, 4) complain(Reader *reader, SimMark mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    sim_messages_error(reader->tree->messages, mark, "%s", text);
}

static bool
is_open_mapping(const Reader *reader)
{
    return reader->depth > 0 && reader->frames[reader->depth - 1].node->kind == SIM_NODE_MAPPING;
}

/* A value is complete: it goes to the innermost open collection, or is the root. */
static void
deliver(Reader *reader, SimNode *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return;
    }
    Frame *frame = &reader->frames[reader->depth - 1];
    if (frame->node->kind == SIM_NODE_SEQUENCE) {
        g_ptr_array_add(reader->items, node);
        return;
    }
    if (!frame->has_key) {
        complain(reader, node->mark, "a key must be plain text, not %s", sim_node_kind_name(node));
        frame->is_key_lost = frame->has_key = true;
        return;
    }
    frame->pair.value = node;
    if (!frame->is_key_lost)
        g_array_append_val(reader->pairs, frame->pair);
    frame->has_key = frame->is_key_lost = false;
}

static const char *
token_text(Reader *reader, struct fy_token *token)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : NULL;
    return text ? sim_pool_strndup(reader->tree->pool, text, length) : "";
}

static void
define_anchor(Reader *reader, const char *anchor, SimNode *node)
{
    if (anchor)
        g_hash_table_replace(reader->anchors, (void *)anchor, node);
}

static const char *
anchor_of(Reader *reader, struct fy_event *event)
{
    struct fy_token *tag = fy_event_get_tag_token(event);
    if (tag) {
        SimMark mark = mark_token(reader, tag);
        complain(reader, mark, "tags such as '%.*s' have no meaning here",
                 (int)MIN(mark.length, 80), mark.text + mark.offset);
    }
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    return anchor ? token_text(reader, anchor) : NULL;
}

static bool
is_null_text(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (guint i = 0; i < G_N_ELEMENTS(nulls); i++)
        if (strcmp(text, nulls[i]) == 0)
            return true;
    return false;
}

static void
on_key(Reader *reader, struct fy_event *event)
{
    Frame *frame = &reader->frames[reader->depth - 1];
    struct fy_token *token = event->scalar.value;
    bool has_anchor = anchor_of(reader, event) != NULL;
    frame->pair =
        (SimNodePair){.key = token_text(reader, token), .key_mark = mark_token(reader, token)};
    frame->has_key = true;
    if (has_anchor)
        complain(reader, frame->pair.key_mark, "a key can not carry an anchor");
    frame->is_key_lost = strcmp(frame->pair.key, "<<") == 0;
    if (frame->is_key_lost)
        complain(reader, frame->pair.key_mark,
                 "merge keys are not read: expected `like: NAME` and an entry in `templates`");
}

static void
on_scalar(Reader *reader, struct fy_event *event)
{
    if (is_open_mapping(reader) && !reader->frames[reader->depth - 1].has_key) {
        on_key(reader, event);
        return;
    }
    struct fy_token *token = event->scalar.value;
    const char *anchor = anchor_of(reader, event);
    SimNode *node = sim_tree_node(reader->tree, SIM_NODE_SCALAR, mark_token(reader, token));
    if (!node)
        return;
    node->scalar = token_text(reader, token);
    node->is_quoted = token && fy_token_scalar_style(token) != FYSS_PLAIN;
    if (!node->is_quoted && is_null_text(node->scalar))
        node->scalar = "";
    define_anchor(reader, anchor, node);
    deliver(reader, node);
}

static void
on_start(Reader *reader, struct fy_event *event, SimNodeKind kind, struct fy_token *token)
{
    const char *anchor = anchor_of(reader, event);
    SimMark mark = mark_token(reader, token);
    SimNode *node = sim_tree_node(reader->tree, kind, mark);
    if (!node)
        return;
    if (reader->depth >= SIM_TREE_DEPTH_MAX) {
        complain(reader, mark, "the nesting is deeper than %u levels", SIM_TREE_DEPTH_MAX);
        reader->tree->is_full = true;
        return;
    }
    bool is_mapping = kind == SIM_NODE_MAPPING;
    reader->frames[reader->depth++] =
        (Frame){.node = node,
                .anchor = anchor,
                .first = is_mapping ? reader->pairs->len : reader->items->len};
}

static void
refuse_duplicates(Reader *reader, SimNode *mapping)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < mapping->n; i++) {
        SimNodePair *pair = &mapping->pairs[i];
        const SimNodePair *first = g_hash_table_lookup(seen, pair->key);
        if (first) {
            complain(reader, pair->key_mark, "the key '%.80s' is already given on line %u",
                     pair->key, first->key_mark.line);
            continue;
        }
        mapping->pairs[kept] = *pair;
        g_hash_table_insert(seen, (void *)pair->key, &mapping->pairs[kept]);
        kept++;
    }
    mapping->n = kept;
}

static void
on_end(Reader *reader)
{
    SIM_ASSERT(reader->depth > 0);
    Frame frame = reader->frames[--reader->depth];
    SimNode *node = frame.node;
    SimPool *pool = reader->tree->pool;
    if (node->kind == SIM_NODE_MAPPING) {
        node->n = node->capacity = reader->pairs->len - frame.first;
        node->pairs = sim_pool_alloc(pool, node->n, sizeof *node->pairs);
        if (node->n > 0)
            memcpy(node->pairs, &g_array_index(reader->pairs, SimNodePair, frame.first),
                   node->n * sizeof *node->pairs);
        g_array_set_size(reader->pairs, frame.first);
        refuse_duplicates(reader, node);
        if (node->n > 0 && node->pairs[0].key_mark.column == node->mark.column)
            node->mark.length = node->pairs[0].key_mark.length;
    } else {
        node->n = node->capacity = reader->items->len - frame.first;
        node->items = sim_pool_alloc(pool, node->n, sizeof *node->items);
        if (node->n > 0)
            memcpy(node->items, &reader->items->pdata[frame.first], node->n * sizeof *node->items);
        g_ptr_array_set_size(reader->items, (gint)frame.first);
    }
    define_anchor(reader, frame.anchor, node);
    deliver(reader, node);
}

static void
on_alias(Reader *reader, struct fy_event *event)
{
    struct fy_token *token = event->alias.anchor;
    /* The token leaves out the asterisk. */
    SimMark mark = mark_token(reader, token);
    if (mark.offset > 0) {
        mark.column--;
        mark.offset--;
        mark.length++;
    }
    const char *anchor = token_text(reader, token);
    const SimNode *target = g_hash_table_lookup(reader->anchors, anchor);
    SimNode *node;
    if (target) {
        node = sim_tree_copy(reader->tree, target, reader->depth);
    } else {
        complain(reader, mark, "no anchor '&%.80s' comes before this alias", anchor);
        node = sim_tree_node(reader->tree, SIM_NODE_SCALAR, mark);
    }
    if (node)
        deliver(reader, node);
}

static void
on_event(Reader *reader, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (reader->documents++ == 1)
            complain(reader, mark_token(reader, event->document_start.document_start),
                     "a second document begins here: expected one document in a file");
        break;
    case FYET_SCALAR:
        on_scalar(reader, event);
        break;
    case FYET_ALIAS:
        on_alias(reader, event);
        break;
    case FYET_MAPPING_START:
        on_start(reader, event, SIM_NODE_MAPPING, event->mapping_start.mapping_start);
        break;
    case FYET_SEQUENCE_START:
        on_start(reader, event, SIM_NODE_SEQUENCE, event->sequence_start.sequence_start);
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        on_end(reader);
        break;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
}

/* libfyaml counts lines and columns from 1 here. */
static void
report_syntax(Reader *reader, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error;
    bool is_told = false;
    while ((error = fy_diag_errors_iterate(diag, &iterator))) {
        if (error->type < FYET_ERROR)
            continue;
        size_t position = reader->skip;
        for (int line = 1; line < error->line && position < reader->length; line++) {
            const char *end = memchr(reader->text + position, '\n', reader->length - position);
            position = end ? (size_t)(end - reader->text) + 1 : reader->length;
        }
        const char *at = reader->text + position;
        for (int column = 1; column < error->column && *at && *at != '\n'; column++)
            at = g_utf8_next_char(at);
        complain(reader, mark_at(reader, (size_t)(at - reader->text), 1), "not valid YAML: %s",
                 error->msg);
        is_told = true;
    }
    if (!is_told)
        complain(reader, mark_at(reader, reader->position, 1), "not valid YAML from here on");
}

static void
parse(Reader *reader)
{
    struct fy_diag_cfg diag_options;
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_options);
    SIM_ASSERT(diag);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg options = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                            FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                                   .diag = diag};
    struct fy_parser *parser = fy_parser_create(&options);
    SIM_ASSERT(parser);
    bool is_set = fy_parser_set_string(parser, reader->text + reader->skip,
                                       reader->length - reader->skip) == 0;
    SIM_ASSERT(is_set);
    struct fy_event *event;
    while (!reader->tree->is_full && reader->documents < 2 && (event = fy_parser_parse(parser))) {
        on_event(reader, event);
        fy_parser_event_free(parser, event);
    }
    bool is_broken = fy_parser_get_stream_error(parser);
    if (is_broken)
        report_syntax(reader, diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

/* What can be said before a parser looks at it; false: do not. */
static bool
is_text(Reader *reader)
{
    SimMark file = {.file = reader->name};
    if (reader->length > SIM_YAML_BYTES_MAX) {
        complain(reader, file, "the file is larger than the limit of 8 MB");
        return false;
    }
    const char *nul = memchr(reader->text, '\0', reader->length);
    if (nul) {
        complain(reader, mark_at(reader, (size_t)(nul - reader->text), 1),
                 "a NUL byte: expected a text file in UTF-8");
        return false;
    }
    const char *end;
    if (!g_utf8_validate(reader->text, (gssize)reader->length, &end)) {
        complain(reader, mark_at(reader, (size_t)(end - reader->text), 1),
                 "byte 0x%02x is not UTF-8: expected a text file in UTF-8", (unsigned char)*end);
        return false;
    }
    return true;
}

SimNode *
sim_yaml_read(SimTree *tree, const char *name, const char *text, size_t length, size_t skip)
{
    SIM_ASSERT(skip <= length);
    Reader reader = {.tree = tree,
                     .name = name,
                     .text = text,
                     .length = length,
                     .skip = skip,
                     .line = 1,
                     .column = 1};
    if (!is_text(&reader))
        return NULL;
    if (skip == 0 && length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        reader.skip = 3;
    reader.pairs = g_array_new(FALSE, FALSE, sizeof(SimNodePair));
    reader.items = g_ptr_array_new();
    reader.anchors = g_hash_table_new(g_str_hash, g_str_equal);
    parse(&reader);
    g_array_free(reader.pairs, TRUE);
    g_ptr_array_free(reader.items, TRUE);
    g_hash_table_destroy(reader.anchors);
    return reader.root;
}
