#include "sim/cmd/library.h"

#include <glib.h>

char *
library_folder(const char *name)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *beside = program ? g_path_get_dirname(program) : g_strdup(".");
    g_autofree char *installed = g_build_filename(beside, "..", "share", "blackstart", NULL);
    const char *roots[] = {g_getenv("BLACKSTART_DATA"), installed, BLACKSTART_DATA_DIRECTORY,
                           BLACKSTART_SOURCE_DIRECTORY};
    for (guint i = 0; i < G_N_ELEMENTS(roots); i++) {
        if (!roots[i])
            continue;
        g_autofree char *folder = g_build_filename(roots[i], name, NULL);
        g_autofree char *whole = g_canonicalize_filename(folder, NULL);
        if (g_file_test(whole, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&whole);
    }
    return NULL;
}
