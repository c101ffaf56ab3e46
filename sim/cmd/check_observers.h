/*
 * check_observers.h - what `check` says about who watches: how soon each can tell, and who never
 * can.
 */
#pragma once

#include "models/run.h"
#include "models/spec.h"

void check_observers_append(GString *out, const Run *run, const Spec *spec);
