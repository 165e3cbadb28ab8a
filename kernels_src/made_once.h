// Loads that cores share. On the array each core makes operands of a row by itself; on the host those of a thread do so one
// after the other, and what the last one made of the same numbers is copied, in builds that ask for it. The array, emulated
// designs, the checking mode and builds that count have `make()` alone.
#pragma once

#include "decoder.h"

#ifdef UNLIMITED
#include <memory>
#include <string.h>
#define MADE_ONCE
#endif

namespace decoder {

// All that operands of a row that is alone in its block are made of, beside how.
struct Source {
    const void *row;
    int bytes;
    const void *factors = nullptr; // a layer norm's
    int factor_bytes = 0;
};

// How: of attention parts, of one head or two at a time, of a row that is normalised, or as it is.
enum How { of_parts = 1, of_parts_of_two = 2, of_norm = 3, of_row = 4 };

#ifdef MADE_ONCE

// What a thread made of a source.
struct Made {
    static constexpr int most_tiles = 10; // of 1,280 channels
    int how = 0 /* nothing yet */, tiles = 0, bytes = 0, factor_bytes = 0;
    alignas(64) char row[most_tiles * 512], factors[most_tiles * 256];
    alignas(64) int8_t operands[most_tiles * 512];
    float scales[most_tiles];

    bool is_of(int other, int count, const Source &source) const {
        return how == other && tiles == count && bytes == source.bytes && factor_bytes == source.factor_bytes &&
               memcmp(row, source.row, bytes) == 0 &&
               (factor_bytes == 0 || memcmp(factors, source.factors, factor_bytes) == 0);
    }
};

constexpr int most_made = 10; // loads of a row

inline Made &made(int number) {
    static thread_local const std::unique_ptr<Made[]> all(new Made[most_made]);
    return all[number];
}

#endif

// `make()` writes `tiles` k tiles of 512 bytes at `out` and their scales, `most_rows` apart, from `source` alone, in a way that
// `how` tells from others. `shared`: other cores have the row, too. `number`: of the load in its row.
template <typename Make>
inline void made_once(bool shared, int number, int how, const Source &source, int tiles, int8_t *out, float *scales, Make make) {
#ifdef MADE_ONCE
    if (!shared || number >= most_made || tiles > Made::most_tiles || source.bytes > (int)sizeof(Made::row) ||
        source.factor_bytes > (int)sizeof(Made::factors))
        return make();
    Made &last = made(number);
    if (last.is_of(how, tiles, source)) {
        memcpy(out, last.operands, tiles * 512);
        for (int t = 0; t < tiles; ++t)
            scales[t * most_rows] = last.scales[t];
        return;
    }
    make();
    last.how = how, last.tiles = tiles, last.bytes = source.bytes, last.factor_bytes = source.factor_bytes;
    memcpy(last.row, source.row, source.bytes);
    if (source.factor_bytes != 0)
        memcpy(last.factors, source.factors, source.factor_bytes);
    memcpy(last.operands, out, tiles * 512);
    for (int t = 0; t < tiles; ++t)
        last.scales[t] = scales[t * most_rows];
#else
    (void)shared, (void)number, (void)how, (void)source, (void)tiles, (void)out, (void)scales;
    make();
#endif
}

} // namespace decoder
