// Host implementation of the AMD AIE API for AIE2 and AIE2P (XDNA 1 and 2). See detail/config.hpp.

#pragma once

// The real header brings these, and kernels rely on it.
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "detail/config.hpp"
#include "detail/types.hpp"

#include "detail/state.hpp"

#include "detail/vector.hpp"
#include "detail/accum.hpp"
#include "detail/mask.hpp"
#include "detail/memory.hpp"
#include "detail/construct.hpp"

#include "detail/arith.hpp"
#include "detail/bits.hpp"
#include "detail/compare.hpp"
#include "detail/reduce.hpp"
#include "detail/elementary.hpp"
#include "detail/lookup.hpp"
#include "detail/mmul.hpp"
#include "detail/mmul_blocks.hpp"
#include "detail/mmul_avx2.hpp"
#include "detail/mmul_avx512.hpp"
#include "detail/mmul_neon.hpp"
#include "detail/reshape.hpp"
#include "detail/sliding.hpp"

#include "builtins.hpp"
#include "detail/natives.hpp"
