// aie::mmul of block floating point (AIE2P): B's columns lie one behind the other, a block each.

#pragma once

#include "block_vector.hpp"
#include "mmul.hpp"

#if __AIE_ARCH__ == 21

namespace aie {

namespace detail {

template <typename T>
AIEBUILD_INLINE block_vector<bfp16ebs8, 64> as_blocks(const T &v)
{
    if constexpr (std::is_same_v<T, block_vector<bfp16ebs8, 64>>)
        return v;
    else {
        static_assert(std::is_same_v<vector_of<T>, vector<bfloat16, 64>>, "mmul: A is not a vector<bfloat16, 64>");
        return to_blocks<bfp16ebs8>(bf16_to_float(as_vector(v).to_native()));
    }
}

template <unsigned N>
class block_mmul {
  public:
    static constexpr unsigned M = 8, K = 8, size_A = 64, size_B = 8 * N, size_C = 8 * N;
    static constexpr unsigned size() { return size_C; }
    using value_type = accfloat;
    using accum_type = accum<accfloat, size_C>;

    AIEBUILD_INLINE block_mmul() : sums(zero_storage<float, size_C>()) {}
    AIEBUILD_INLINE block_mmul(const accum_type &acc) : sums(acc) {}

    template <typename VA>
    AIEBUILD_INLINE void mul(const VA &a, const block_vector<bfp16ebs8, size_B> &b)
    {
        sums = accum_type(zero_storage<float, size_C>());
        mac(a, b);
    }
    template <typename VA>
    AIEBUILD_INLINE void mac(const VA &a, const block_vector<bfp16ebs8, size_B> &b)
    {
        sums = add_block_products<N>(as_blocks(a), b, sums);
    }
    AIEBUILD_INLINE accum_type to_accum() const { return sums; }
    AIEBUILD_INLINE operator accum_type() const { return sums; }
    template <typename T>
    AIEBUILD_INLINE auto to_vector(int shift = 0) const
    {
        return sums.template to_vector<T>(shift);
    }

  private:
    accum_type sums;
};

} // namespace detail

template <AccumElemBaseType Tag>
struct mmul<8, 8, 8, bfp16ebs8, bfp16ebs8, Tag> : detail::block_mmul<8> {
    static constexpr unsigned N = 8;
    using detail::block_mmul<8>::block_mmul;
};
template <AccumElemBaseType Tag>
struct mmul<8, 8, 16, bfp16ebs8, bfp16ebs8, Tag> : detail::block_mmul<16> {
    static constexpr unsigned N = 16;
    using detail::block_mmul<16>::block_mmul;
};
template <AccumElemBaseType Tag>
struct mmul<8, 8, 8, bfloat16, bfp16ebs8, Tag> : detail::block_mmul<8> {
    static constexpr unsigned N = 8;
    using detail::block_mmul<8>::block_mmul;
};

} // namespace aie

#endif
