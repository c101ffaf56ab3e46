/*
 * scenario.h - what the fuzzer and the unit test of the same name do with one
 * input: read it as a scenario, all the way, and check what must hold.
 *
 * Nothing may crash; what reads without an error prints as a normalised
 * scenario that reads without an error too and prints the same again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void fuzz_scenario(const uint8_t *data, size_t size);
