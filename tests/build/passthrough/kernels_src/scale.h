#pragma once
#include <stdint.h>

#ifndef FACTOR
#define FACTOR 1
#endif
