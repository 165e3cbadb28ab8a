// What generated overlay code includes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>

#include "exports.hpp"
#include "overlay.hpp"

#if !defined(AIEBUILD_OP_NAMES)
#define AIEBUILD_OP_NAMES "mmul_macs,vector_ops"
#endif
