// Host implementation of the AMD AIE API for AIE2 (AIE-ML, XDNA 1). See detail/config.hpp.

#pragma once

#include "detail/config.hpp"
#include "detail/types.hpp"

#include "detail/state.hpp"

#include "detail/vector.hpp"

#include "detail/arith.hpp"
#include "detail/elementary.hpp"
#include "detail/mmul.hpp"
#include "detail/mmul_avx2.hpp"
#include "detail/mmul_avx512.hpp"
#include "detail/reshape.hpp"
