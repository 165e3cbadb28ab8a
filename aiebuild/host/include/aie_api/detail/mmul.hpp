// aie::mmul: block matrix products.
//
// Operands are row-major blocks in one vector each: A is M x K, B is K x N, the result M x N. Shapes are those of the real
// headers (dense ones, mmul_shapes.hpp); any other is refused.
//
// Rules.
//  Integers: exact modulo the accumulator width of the shape (lane_type below).
//  bfloat16 and float on AIE2: fp32, one lane adds its products in the order k = 1, 0, 3, 2, 5, 4, 7, 6 (the order within a pair is
//  that of the host's bf16 dot product), each sum rounded to nearest even. Products of bfloat16 are exact, so fused and separate
//  multiply-add agree, and so do instruction sets, except where products or sums are denormal: AVX512_BF16 flushes these.
//  bfloat16 on AIE2P, unless AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 is 1: fp32, products added in the order of k, as the real headers do (emulated_mmul_intrinsics.hpp).

#pragma once

#include "compare.hpp"
#include "block_vector.hpp"
#include "mmul_shapes.hpp"

namespace aie {

namespace detail {

// Portable kernel on row-major accumulators: one row of N lanes at a time.
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename L>
struct mmul_generic {
    using acc_t = storage<L, M * N>;
    using row_t = simd_t<L, N>;

    acc_t acc;

    AIEBUILD_INLINE void clear() { acc = zero_storage<L, M * N>(); }
    AIEBUILD_INLINE void set(const acc_t &v) { acc = v; }
    AIEBUILD_INLINE acc_t get() const { return acc; }

    AIEBUILD_INLINE void mac(const storage<raw_t<A>, M * K> &a, const storage<raw_t<B>, K * N> &b)
    {
        L al[M * K], bl[K * N], cl[M * N];
        if constexpr (std::is_same_v<A, bfloat16>) {
            store_storage(al, bf16_to_float(a));
            store_storage(bl, bf16_to_float(b));
        }
        else {
            store_storage(al, convert<L>(a));
            store_storage(bl, convert<L>(b));
        }
        store_storage(cl, acc);
        using U = std::conditional_t<std::is_same_v<L, float>, float, std::make_unsigned_t<std::conditional_t<std::is_same_v<L, float>, int32, L>>>;
        for (unsigned m = 0; m < M; ++m)
            for (unsigned k = 0; k < K; ++k) {
                const unsigned kk = K == 1 ? 0 : k ^ 1;
                const U x = static_cast<U>(al[m * K + kk]);
                for (unsigned n = 0; n < N; ++n)
                    cl[m * N + n] = static_cast<L>(static_cast<U>(cl[m * N + n]) + x * static_cast<U>(bl[kk * N + n]));
            }
        acc = load_storage<L, M * N>(cl);
    }
};

// bfloat16 products of AIE2P: a row of C takes products in the order of k.
template <unsigned M, unsigned K, unsigned N>
struct mmul_in_order {
    using acc_t = storage<float, M * N>;
    using row_t = simd_t<float, N>;

    row_t rows[M];

    AIEBUILD_INLINE void clear()
    {
        for (row_t &row : rows)
            row = row_t{};
    }
    AIEBUILD_INLINE void set(const acc_t &v) { std::memcpy(rows, &v, sizeof rows); }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t v;
        std::memcpy(&v, rows, sizeof rows);
        return v;
    }
    AIEBUILD_INLINE void mac(const storage<uint16, M * K> &a, const storage<uint16, K * N> &b)
    {
        float al[M * K];
        store_storage(al, bf16_to_float(a));
        row_t bl[K];
        const auto wide = bf16_to_float(b);
        std::memcpy(bl, &wide, sizeof bl);
        for (unsigned k = 0; k < K; ++k)
            for (unsigned m = 0; m < M; ++m)
                rows[m] = fused(row_t{} + al[m * K + k], bl[k], rows[m]);
    }
};

#if __AIE_ARCH__ == 21
// ... as blocks of shared exponents, where AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 asks for it: K = 8, and N = 8.
template <unsigned M>
struct mmul_as_blocks {
    using acc_t = storage<float, M * 8>;

    acc_t sums;

    AIEBUILD_INLINE void clear() { sums = zero_storage<float, M * 8>(); }
    AIEBUILD_INLINE void set(const acc_t &v) { sums = v; }
    AIEBUILD_INLINE acc_t get() const { return sums; }
    inline void mac(const storage<uint16, M * 8> &a, const storage<uint16, 64> &b)
    {
        float rows[M * 8], wide[64], columns[64], c[M * 8];
        store_storage(rows, bf16_to_float(a));
        store_storage(wide, bf16_to_float(b));
        for (unsigned k = 0; k < 8; ++k)
            for (unsigned n = 0; n < 8; ++n)
                columns[8 * n + k] = wide[8 * k + n];
        uint8_t ab[M * 9], bb[72];
        for (unsigned i = 0; i < M; ++i)
            block_of(rows + 8 * i, ab + 9 * i, core_state.rounding);
        for (unsigned i = 0; i < 8; ++i)
            block_of(columns + 8 * i, bb + 9 * i, core_state.rounding);
        store_storage(c, sums);
        add_block_products<M, 8>(c, ab, bb);
        sums = load_storage<float, M * 8>(c);
    }
};
#endif

// Chosen per instruction set by the specialisations in mmul_*.hpp.
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename L>
struct mmul_kernel : mmul_generic<M, K, N, A, B, L> {};

template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename L>
struct mmul_choice {
    using type = mmul_kernel<M, K, N, A, B, L>;
};
#if __AIE_ARCH__ == 21
template <unsigned M, unsigned K, unsigned N>
struct mmul_choice<M, K, N, bfloat16, bfloat16, float> {
    using type = mmul_in_order<M, K, N>;
};
#if AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16
template <unsigned M>
struct mmul_choice<M, 8, 8, bfloat16, bfloat16, float> {
    using type = mmul_as_blocks<M>;
};
#endif
#endif
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename L>
using mmul_of = typename mmul_choice<M, K, N, A, B, L>::type;

// M rows as two kernels of M / 2 rows.
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename L>
struct mmul_two_blocks {
    using acc_t = storage<L, M * N>;

    mmul_kernel<M / 2, K, N, A, B, L> upper, lower;

    AIEBUILD_INLINE void clear()
    {
        upper.clear();
        lower.clear();
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        upper.set(extract_const<M * N / 2, 0>(v));
        lower.set(extract_const<M * N / 2, 1>(v));
    }
    AIEBUILD_INLINE acc_t get() const { return concat_storage(upper.get(), lower.get()); }
    AIEBUILD_INLINE void mac(const storage<raw_t<A>, M * K> &a, const storage<raw_t<B>, K * N> &b)
    {
        upper.mac(extract_const<M * K / 2, 0>(a), b);
        lower.mac(extract_const<M * K / 2, 1>(a), b);
    }
};

// B as a kernel takes it, where it says: `right_t` and what makes it.
template <typename Kernel, typename B>
struct right_of {
    using type = B;
    static AIEBUILD_INLINE const B &make(const B &b) { return b; }
};
template <typename Kernel, typename B>
    requires requires { typename Kernel::right_t; }
struct right_of<Kernel, B> {
    using type = typename Kernel::right_t;
    static AIEBUILD_INLINE type make(const B &b) { return Kernel::right(b); }
};

template <typename A>
struct zero_op {
    const A &acc;
    bool to_zero;
};

} // namespace detail

// For an mmul's construction: as if `acc` were zero, whatever is in it, where `to_zero`.
template <Accum A>
AIEBUILD_INLINE constexpr detail::zero_op<A> op_zero(const A &acc, bool to_zero)
{
    return {acc, to_zero};
}

template <unsigned M_Elems, unsigned K_Elems, unsigned N_Elems, typename TypeA, typename TypeB = TypeA, AccumElemBaseType AccumTag = accauto>
struct mmul {
    static_assert(ElemBaseType<TypeA> && ElemBaseType<TypeB>, "mmul: this core has no dense product of this shape M x K x N, these types and this accumulator");

    static constexpr unsigned M = M_Elems, K = K_Elems, N = N_Elems;

  private:
    static constexpr bool fp = detail::is_floating_point_v<TypeA>;
    static constexpr unsigned acc_bits =
        (detail::is_floating_point_v<TypeA> == detail::is_floating_point_v<TypeB> && (!fp || std::is_same_v<TypeA, TypeB>))
            ? detail::mmul_accum_bits(sizeof(TypeA) * 8, sizeof(TypeB) * 8, fp, M, K, N, detail::wanted_bits<AccumTag, TypeA, TypeB>())
            : 0;
    static_assert(acc_bits != 0, "mmul: this core has no dense product of this shape M x K x N, these types and this accumulator");
    using lane_type = std::conditional_t<fp, float, std::conditional_t<(acc_bits == 64), int64, int32>>;
    using tag = std::conditional_t<fp, accfloat, std::conditional_t<(acc_bits == 64), acc64, acc32>>;
    using kernel_type = detail::mmul_of<M, K, N, TypeA, TypeB, lane_type>;
    using right = detail::right_of<kernel_type, detail::storage<detail::raw_t<TypeB>, K * N>>;

    AIEBUILD_INLINE void charge() const
    {
#if defined(AIEBUILD_SLOTS)
        const uint64_t phase = begun;
#else
        constexpr uint64_t phase = 0;
#endif
#if __AIE_ARCH__ == 21
#if AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 || defined(AIEBUILD_SLOTS_AS_BLOCKS)
        constexpr bool as_blocks = K == 8 && N == 8;
#else
        constexpr bool as_blocks = false;
#endif
        if constexpr (fp && sizeof(TypeA) == 2 && !as_blocks) {
            detail::slot_mmul_by_lanes<M, K, N>(phase);
            return;
        }
#endif
        detail::slot_mmul(detail::mmul_slots(sizeof(TypeA) * 8, sizeof(TypeB) * 8, fp, M * K * N), fp, phase);
        if constexpr (fp && sizeof(TypeA) == 2)
            detail::slot_to_blocks(M * K * sizeof(TypeA));
    }

  public:
    static constexpr unsigned size_A = M * K, size_B = K * N, size_C = M * N;
    static constexpr unsigned size() { return size_C; }
    using value_type = tag;
    using accum_type = accum<tag, size_C>;

    AIEBUILD_INLINE mmul() { kernel.clear(); }
    AIEBUILD_INLINE mmul(const accum_type &acc) { kernel.set(acc.to_native()); }
    AIEBUILD_INLINE mmul(const detail::zero_op<accum_type> &op)
    {
        // a mask rather than a branch, in loops that hold many of these in registers
        constexpr unsigned lanes = size_C * sizeof(lane_type) / sizeof(int32);
        const auto kept = detail::splat<int32, lanes>(op.to_zero ? 0 : -1);
        kernel.set(detail::bitcast<lane_type>(detail::map_parts<int32>(
            [](auto p, auto q) AIEBUILD_LAMBDA { return p & q; }, detail::bitcast<int32>(op.acc.to_native()), kept)));
    }
    AIEBUILD_INLINE mmul &operator=(const accum_type &acc) { return *this = mmul(acc); }
    template <typename T>
    AIEBUILD_INLINE mmul(const vector<T, size_C> &v, int shift = 0)
    {
        kernel.set(accum_type(v, shift).to_native());
    }

    template <typename VA, typename VB>
    AIEBUILD_INLINE void mul(const VA &a, const VB &b)
    {
        check<VA, VB>();
        detail::count_mmul(M * K * N);
        charge();
        kernel.clear();
        kernel.mac(detail::as_vector(a).to_native(), detail::as_vector(b).to_native());
    }
    template <typename VA, typename VB>
    AIEBUILD_INLINE void mac(const VA &a, const VB &b)
    {
        check<VA, VB>();
        detail::count_mmul(M * K * N);
        charge();
        kernel.mac(detail::as_vector(a).to_native(), detail::as_vector(b).to_native());
    }

    // Not of the real headers, for loops of the host's own: B made ready once for many products.
    using right_type = typename right::type;
    static AIEBUILD_INLINE right_type made_ready(const vector<TypeB, size_B> &b) { return right::make(b.to_native()); }
    AIEBUILD_INLINE void mac_ready(const vector<TypeA, size_A> &a, const right_type &b) { kernel.mac(a.to_native(), b); }

    AIEBUILD_INLINE accum_type to_accum() const { return kernel.get(); }
    AIEBUILD_INLINE operator accum_type() const { return to_accum(); }
    template <typename T>
    AIEBUILD_INLINE vector<T, size_C> to_vector(int shift = 0) const
    {
        return to_accum().template to_vector<T>(shift);
    }
    template <typename T>
    AIEBUILD_INLINE vector<T, size_C> to_vector_sign(bool sign, int shift = 0) const
    {
        return to_accum().template to_vector_sign<T>(sign, shift);
    }

  private:
    template <typename VA, typename VB>
    static constexpr void check()
    {
        static_assert(std::is_same_v<detail::vector_of<VA>, vector<TypeA, size_A>>, "mmul: A is not a vector<TypeA, M * K>");
        static_assert(std::is_same_v<detail::vector_of<VB>, vector<TypeB, size_B>>, "mmul: B is not a vector<TypeB, K * N>");
    }

    kernel_type kernel;
#if defined(AIEBUILD_SLOTS)
    uint64_t begun = detail::slot_phase(); // when the sums were loaded
#endif
};

} // namespace aie
