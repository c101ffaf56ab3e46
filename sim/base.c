#include "sim/base.h"
