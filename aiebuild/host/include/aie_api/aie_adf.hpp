// Name under which some kernels include the API.

#pragma once

#include "aie.hpp"
