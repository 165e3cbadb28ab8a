// Issue slots of the timing model's counting build (-DAIEBUILD_SLOTS): what a kernel's API operations take of an AIE2
// core's issue slots, counted while the kernel runs.
//
// Facts of the core are from llvm-aie's AIE2 description (AIE2Slots.td, AIE2Schedule.td): one instruction a cycle in each
// of the slots
//   lda, ldb : a load of 256 bits each; accumulators are loaded, and widened on the way, through lda only
//   st       : a store of 256 bits; VSRS, VPACK and VCONV.bf16.fp32, fused with the store where the value is stored
//   vec      : products and accumulator sums
//   mv       : integer vector arithmetic, compares, selects, shuffles, broadcasts, moves, VCONV.fp32.bf16 (one write port)
//   alu      : scalars
// and the emulations are those of the API's own headers: float products by three bf16 parts each, float conversions by
// magic numbers. AIE2P (-DAIEBUILD_AIE2P) loads and stores 512 bits and multiplies twice as much a cycle. Its bf16 products
// are made of products by lane of broadcast operands, or in blocks of shared exponents, to which operands are converted first,
// where AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 asks for that and N is 8 (-DAIEBUILD_SLOTS_AS_BLOCKS: charged so, only).
//
// Constants are taken to stay in registers; address arithmetic and loops (hardware loops, post-increments) cost nothing.
//
// Phases: a run of matrix products up to the first store or narrowing of its results is a phase of its own, as is what
// comes between two runs: a compiler overlaps operations within a phase, not across, as the next run's accumulators wait
// for the last one's. A phase takes as long as its busiest slot. Where a kernel has loaded a run's sums before the end of
// the last run, into other accumulators, nothing waits: sums that are stored and loaded meanwhile, and nothing else, are
// part of the new run's phase. Stores of sums and loads of the next ones overlap where a kernel has them in turns.

#pragma once

#include <cstdint>

#include "config.hpp"

#if defined(AIEBUILD_SLOT_LINES)
#include <array>
#include <unordered_map>
#endif

namespace aie::detail {

#if defined(AIEBUILD_AIE2P)
inline constexpr unsigned slot_word = 64; // bytes of a load or store
inline constexpr unsigned slot_narrow = 64; // bytes that one narrowing instruction gives
#else
inline constexpr unsigned slot_word = 32;
inline constexpr unsigned slot_narrow = 32;
#endif

constexpr unsigned slots_for(unsigned amount, unsigned each) { return (amount + each - 1) / each; }

// Matrix products of the size M x K x N, by the multiply-accumulates a cycle of the operands' widths in bits.
constexpr unsigned mmul_slots(unsigned a, unsigned b, bool floating, unsigned macs)
{
    unsigned rate = 0;
    if (floating)
        rate = 128;
    else if (a == 8 && b == 8)
        rate = 256;
    else if (a + b == 24)
        rate = 128;
    else if (a == 16 && b == 16)
        rate = 64;
    else
        rate = 32;
#if defined(AIEBUILD_AIE2P)
    rate *= floating ? 4 : 2; // bf16 as blocks of shared exponents: 512
#endif
    return slots_for(macs, rate);
}

struct slots_t {
    uint64_t mmul = 0, vec = 0, mv = 0, loads = 0, widen = 0, stores = 0, narrow = 0, alu = 0;

    uint64_t cycles() const
    {
        uint64_t most = mmul + vec;
        const uint64_t memory = (loads + 1) / 2 > widen ? (loads + 1) / 2 : widen, out = stores > narrow ? stores : narrow;
        most = mv > most ? mv : most;
        most = memory > most ? memory : most;
        most = out > most ? out : most;
        return alu > most ? alu : most;
    }
    void add(const slots_t &o)
    {
        mmul += o.mmul, vec += o.vec, mv += o.mv, loads += o.loads, widen += o.widen;
        stores += o.stores, narrow += o.narrow, alu += o.alu;
    }
};

struct slot_counts_t {
    slots_t phase, total;
    slots_t stored;                // stores of sums before the next ones' loads
    uint64_t number = 0;           // of the phase
    bool floating = false;         // the phase's products
    uint64_t integer_cycles = 0;   // of phases with matrix products of integers
    uint64_t floating_cycles = 0;  // of floats
    uint64_t memory_cycles = 0;    // of phases that only load and store: sums on their way to the accumulators and back
    uint64_t other_cycles = 0;     // of the other phases
    uint64_t phases = 0;           // with matrix products

    static bool moves_only(const slots_t &p) { return p.vec == 0 && p.mv == 0 && p.narrow == 0 && p.alu == 0; }

    // Products begin, with sums that were loaded in phase `begun`.
    void products(uint64_t begun)
    {
        if (phase.mmul != 0)
            return;
        if (begun == number || !moves_only(phase))
            close();
        phase.add(stored);
        stored = {};
    }

    void close()
    {
        memory_cycles += stored.cycles();
        total.add(stored);
        stored = {};
        ++number;
        if (phase.mmul != 0)
            (floating ? floating_cycles : integer_cycles) += phase.cycles(), ++phases;
        else if (phase.vec == 0 && phase.mv == 0 && phase.alu == 0)
            memory_cycles += phase.cycles();
        else
            other_cycles += phase.cycles();
        total.add(phase);
        phase = {};
    }
};

#if defined(AIEBUILD_SLOTS)

// Not a thread's own: designs are recorded by one thread, and there is little room for thread-local data in libraries.
__attribute__((visibility("hidden"))) inline constinit slot_counts_t slot_counts{};

#if defined(AIEBUILD_SLOT_LINES)
// Slots by the place in the code that takes them: mmul, vec, mv, loads, widen, stores, narrow, alu.
__attribute__((visibility("hidden"))) inline std::unordered_map<const void *, std::array<uint64_t, 8>> slot_sites;
__attribute__((noinline, visibility("hidden"))) inline void slot_site(unsigned kind, unsigned n)
{
    slot_sites[__builtin_return_address(0)][kind] += n;
    asm volatile("");
}
#else
AIEBUILD_INLINE void slot_site(unsigned, unsigned) {}
#endif

AIEBUILD_INLINE uint64_t slot_phase() { return slot_counts.number; }
AIEBUILD_INLINE void slot_mmul(unsigned n, bool floating, uint64_t begun)
{
    slot_site(0, n);
    slot_counts.products(begun);
    slot_counts.phase.mmul += n;
    slot_counts.floating = floating;
}
AIEBUILD_INLINE void slot_vec(unsigned n)
{
    slot_site(1, n);
    slot_counts.phase.vec += n;
}
AIEBUILD_INLINE void slot_mv(unsigned n)
{
    slot_site(2, n);
    slot_counts.phase.mv += n;
}
AIEBUILD_INLINE void slot_alu(unsigned n)
{
    slot_site(7, n);
    slot_counts.phase.alu += n;
}
AIEBUILD_INLINE void slot_load(unsigned bytes)
{
    slot_site(3, slots_for(bytes, slot_word));
    slot_counts.phase.loads += slots_for(bytes, slot_word);
}
AIEBUILD_INLINE void slot_widen(unsigned n)
{
    slot_site(4, n);
    slot_counts.phase.widen += n;
}
AIEBUILD_INLINE void slot_begin_accum()
{
    // stores of finished sums, and nothing else, before the next sums are loaded: loops around products do not overlap
    const slots_t &p = slot_counts.phase;
    if (p.mmul != 0 || p.stores == 0 || p.widen != 0 || p.vec != 0 || p.mv != 0)
        return;
    slot_counts.stored.add(p);
    slot_counts.phase = {};
}
AIEBUILD_INLINE void slot_store(unsigned bytes)
{
    if (slot_counts.phase.mmul != 0)
        slot_counts.close();
    slot_counts.phase.stores += slots_for(bytes, slot_word);
    slot_site(5, slots_for(bytes, slot_word));
}
AIEBUILD_INLINE void slot_narrowed(unsigned bytes)
{
    if (slot_counts.phase.mmul != 0)
        slot_counts.close();
    slot_counts.phase.narrow += slots_for(bytes, slot_narrow);
    slot_site(6, slots_for(bytes, slot_narrow));
}

#else

AIEBUILD_INLINE uint64_t slot_phase() { return 0; }
AIEBUILD_INLINE void slot_mmul(unsigned, bool, uint64_t) {}
AIEBUILD_INLINE void slot_vec(unsigned) {}
AIEBUILD_INLINE void slot_mv(unsigned) {}
AIEBUILD_INLINE void slot_alu(unsigned) {}
AIEBUILD_INLINE void slot_load(unsigned) {}
AIEBUILD_INLINE void slot_widen(unsigned) {}
AIEBUILD_INLINE void slot_begin_accum() {}
AIEBUILD_INLINE void slot_store(unsigned) {}
AIEBUILD_INLINE void slot_narrowed(unsigned) {}

#endif

// What the operations of the API take; Bytes: of an element, Float: of a floating-point type.

// Compares, selects, integer sums, bits: 512 bits a move slot. Floats of 32 bits are compared through their bits.
template <unsigned Bytes, bool Float>
AIEBUILD_INLINE void slot_lanes(unsigned n)
{
    slot_mv(slots_for(n * Bytes, 64) * (Float && Bytes == 4 ? 3 : 1));
}
// Sums of vectors: floats pass through accumulators of 32 lanes.
template <unsigned Bytes, bool Float>
AIEBUILD_INLINE void slot_sum(unsigned n)
{
    if constexpr (!Float)
        slot_mv(slots_for(n * Bytes, 64));
    else {
        slot_vec(slots_for(n, 32));
        if constexpr (Bytes == 2) {
            slot_mv(2 * slots_for(n, 16));
            slot_narrowed(n * 2);
        }
    }
}
// Accumulator sums: 1,024 bits.
AIEBUILD_INLINE void slot_accum(unsigned n, unsigned bytes) { slot_vec(slots_for(n * bytes, 128)); }
// Elementwise products.
template <unsigned A, unsigned B, bool Float>
AIEBUILD_INLINE void slot_product(unsigned n)
{
    if constexpr (Float && A == 2) {
        slot_vec(slots_for(n, 16));
        slot_mv(slots_for(n, 16)); // zeros beside the 16 factors
    }
    else if constexpr (Float) {
        slot_vec(13 * slots_for(n, 16)); // 9 products of parts, 4 differences
        slot_mv(3 * slots_for(n, 16));
        slot_narrowed(6 * 32 * slots_for(n, 16));
    }
    else if constexpr (A == 4 && B == 4)
        slot_vec(4 * slots_for(n, 16));
    else if constexpr (A == 4 || B == 4)
        slot_vec(2 * slots_for(n, 16));
    else
        slot_vec(slots_for(n, 32));
}
// A vector into accumulators of its own width or wider: loads through lda.
AIEBUILD_INLINE void slot_to_accum(unsigned bytes)
{
    slot_begin_accum();
    slot_widen(slots_for(bytes, slot_word));
}
// bf16 factors of a matrix product on AIE2P become blocks of shared exponents: to float by halves, then to blocks. Charged
// for one factor of a product: where two by two blocks of C accumulate there are as many factors as products.
AIEBUILD_INLINE void slot_to_blocks([[maybe_unused]] unsigned bytes)
{
#if defined(AIEBUILD_AIE2P)
    slot_mv(slots_for(bytes, 64) + slots_for(bytes, 128));
#endif
}
// A bf16 product of AIE2P without blocks: K products of 32 lanes; A's and B's operands for them take 18 and 8 shuffles and
// broadcasts (emulated_mmul_intrinsics.hpp), of which half are charged, as where two by two blocks of C accumulate.
template <unsigned M, unsigned K, unsigned N>
AIEBUILD_INLINE void slot_mmul_by_lanes(uint64_t begun)
{
    slot_mmul(K * slots_for(M * N, 32), true, begun);
    slot_mv(13 * slots_for(M * N, 32));
}
AIEBUILD_INLINE void slot_shuffle(unsigned bytes) { slot_mv(slots_for(bytes, 64) * (bytes > 64 ? 2 : 1)); }
// Integers to floats and back, by magic numbers in accumulators of 32 lanes (Fix2Float, Float2Fix).
template <unsigned Bytes>
AIEBUILD_INLINE void slot_to_float(unsigned n)
{
    const unsigned groups = slots_for(n, 32);
    slot_vec((Bytes > 2 ? 5 : 2) * groups);
    slot_mv((Bytes > 2 ? 4 : 0) * groups);
    slot_widen((Bytes > 2 ? 2 : 1) * groups);
}
template <unsigned Bytes>
AIEBUILD_INLINE void slot_to_fixed(unsigned n)
{
    const unsigned groups = slots_for(n, 32);
    slot_vec((Bytes > 2 ? 14 : 2) * groups);
    slot_widen((Bytes > 2 ? 5 : 0) * groups);
    slot_narrowed((Bytes > 2 ? 10 * 32 : 32 * Bytes) * groups);
}
// Folding a vector to one lane: shifts and sums (or compares) by halves.
template <unsigned Bytes, bool Float>
AIEBUILD_INLINE void slot_fold(unsigned n, bool sum)
{
    unsigned steps = 0;
    for (unsigned lanes = n; lanes > 1; lanes /= 2)
        ++steps;
    slot_mv(steps);
    if (Float && sum)
        slot_vec(steps);
    else
        slot_mv(steps * (Float && Bytes == 4 ? 3 : 1));
    slot_mv(1);
}

} // namespace aie::detail
