/*
 * library.h - where the scenarios and plot scripts that come with the program
 * lie.
 *
 * Looked for in this order: the directory that BLACKSTART_DATA names, the
 * installed data directory relative to the program, the compiled-in one, and
 * the source tree it was built from.
 */
#pragma once

/* The folder ("scenarios", "plots"), NULL when there is none; to be freed. */
char *library_folder(const char *name);
