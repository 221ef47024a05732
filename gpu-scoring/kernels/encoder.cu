// The kernels of the encoder on NVIDIA GPUs. `cargo xtask cuda` compiles them into `encoder.fatbin`.
#ifndef EMULATED
#include "warp.cuh"
#endif
#include "attention.cuh"
#include "rows.cuh"

#define ATTENTION(D, WARPS, BLOCKS)                                                                                        \
    extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS) attention_##D##_##WARPS(                              \
        const bf16* qkv, bf16* out, const uint4* tiles, int hidden, float scale, int max_rows                              \
    ) {                                                                                                                    \
        attention<D, WARPS>(qkv, out, tiles, hidden, scale, max_rows);                                                     \
    }

ATTENTION(64, 8, 2)
ATTENTION(64, 4, 4)
ATTENTION(32, 8, 2)
ATTENTION(32, 4, 4)

// Vectors of words and positions, added and normalised; rows from `n_tokens` on become zeros.
extern "C" __global__ void __launch_bounds__(BLOCK_ROWS * 32) embed(
    const u32* ids, const u32* positions, const bf16* words, const bf16* places, const float* gain, const float* bias, bf16* out,
    int n_tokens, int n_rows, int hidden, float epsilon
) {
    const int row = blockIdx.x * BLOCK_ROWS + threadIdx.x / 32, lane = threadIdx.x % 32, n_pieces = hidden / 8;
    if (row >= n_rows) {
        return;
    }
    uint4* to = row_of(out, row, hidden);
    if (row >= n_tokens) {
        for (int piece = lane; piece < n_pieces; piece += 32) {
            to[piece] = uint4{0, 0, 0, 0};
        }
        return;
    }
    float value[LANE_PIECES][8];
    add_rows(value, row_of(words, ids[row], hidden), row_of(places, positions[row], hidden), n_pieces, lane);
    normalise(value, gain, bias, to, n_pieces, lane, epsilon);
}

// `x` becomes the layer normalisation of `x` + `more`.
extern "C" __global__ void __launch_bounds__(BLOCK_ROWS * 32) residual_norm(
    bf16* x, const bf16* more, const float* gain, const float* bias, int n_rows, int hidden, float epsilon
) {
    const int row = blockIdx.x * BLOCK_ROWS + threadIdx.x / 32, lane = threadIdx.x % 32, n_pieces = hidden / 8;
    if (row >= n_rows) {
        return;
    }
    float value[LANE_PIECES][8];
    add_rows(value, row_of(x, row, hidden), row_of(more, row, hidden), n_pieces, lane);
    normalise(value, gain, bias, row_of(x, row, hidden), n_pieces, lane, epsilon);
}

// The rows at which sequences begin, one behind the other; rows from `n_sequences` on become zeros.
extern "C" __global__ void __launch_bounds__(BLOCK_ROWS * 32) gather(
    const bf16* x, const u32* boundaries, bf16* out, int n_sequences, int n_rows, int hidden
) {
    const int row = blockIdx.x * BLOCK_ROWS + threadIdx.x / 32, lane = threadIdx.x % 32, n_pieces = hidden / 8;
    if (row >= n_rows) {
        return;
    }
    uint4* to = row_of(out, row, hidden);
    const bool is_there = row < n_sequences;
    const uint4* from = row_of(x, is_there ? boundaries[row] : 0, hidden);
    for (int piece = lane; piece < n_pieces; piece += 32) {
        to[piece] = is_there ? from[piece] : uint4{0, 0, 0, 0};
    }
}

__device__ __forceinline__ float gelu_of(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }

// The exact GELU, in place; `n_pieces` pieces of 8 numbers. The library's epilogue knows only the one by tanh.
extern "C" __global__ void __launch_bounds__(256) gelu(uint4* x, u32 n_pieces) {
    const u32 at = blockIdx.x * 256 + threadIdx.x;
    if (at < n_pieces) {
        uint4 v = x[at];
        v.x = pack(gelu_of(low(v.x)), gelu_of(high(v.x)));
        v.y = pack(gelu_of(low(v.y)), gelu_of(high(v.y)));
        v.z = pack(gelu_of(low(v.z)), gelu_of(high(v.z)));
        v.w = pack(gelu_of(low(v.w)), gelu_of(high(v.w)));
        x[at] = v;
    }
}

// What a head sees of each sequence, as float32, in rows of `stride`; one block for a sequence.
// `kind` 0: row i of `x` for sequence i; 1: its first token's; 2: the mean of its tokens'.
extern "C" __global__ void __launch_bounds__(128) pool(
    const bf16* x, const u32* boundaries, float* out, int hidden, int stride, int kind
) {
    const u32 sequence = blockIdx.x;
    const u32 first = kind == 0 ? sequence : boundaries[sequence];
    const u32 n = kind == 2 ? boundaries[sequence + 1] - first : 1;
    for (int at = threadIdx.x; at < hidden / 2; at += 128) {
        const u32* from = reinterpret_cast<const u32*>(x + first * static_cast<size_t>(hidden)) + at;
        float a = 0.0f, b = 0.0f;
#pragma unroll 8
        for (u32 row = 0; row < n; row++) {
            const u32 pair = from[row * static_cast<size_t>(hidden / 2)];
            a += low(pair);
            b += high(pair);
        }
        float* to = out + sequence * static_cast<size_t>(stride) + 2 * at;
        to[0] = a / static_cast<float>(n);
        to[1] = b / static_cast<float>(n);
    }
}

// Sequences and outputs of a block of `dense`, and outputs of a warp.
constexpr int DENSE_SEQUENCES = 8, DENSE_OUTPUTS = 32, WARP_OUTPUTS = 4;

// The first matrix of a head in float32, and its activation: tanh, or max(x, 0) where `is_relu`. A sum runs over 32 lanes
// and then over these, always in the same order. Shared memory: `n_in` x DENSE_SEQUENCES x 4 bytes.
extern "C" __global__ void __launch_bounds__(256) dense(
    const float* pooled, const float* weight, const float* bias, float* out, int n_sequences, int n_in, int n_out, int stride,
    int is_relu
) {
    float* const rows = shared_of_launch();
    const int first = blockIdx.y * DENSE_SEQUENCES, n_here = min(DENSE_SEQUENCES, n_sequences - first);
    for (int at = threadIdx.x; at < DENSE_SEQUENCES * n_in; at += 256) {
        rows[at] = at < n_here * n_in ? pooled[first * static_cast<size_t>(n_in) + at] : 0.0f;
    }
    wait_for_block();
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int i = 0; i < WARP_OUTPUTS; i++) {
        const int j = blockIdx.x * DENSE_OUTPUTS + warp * WARP_OUTPUTS + i;
        if (j >= n_out) {
            return;
        }
        float sum[DENSE_SEQUENCES] = {};
#pragma unroll 4
        for (int k = lane; k < n_in; k += 32) {
            const float w = weight[j * static_cast<size_t>(n_in) + k];
#pragma unroll
            for (int s = 0; s < DENSE_SEQUENCES; s++) {
                sum[s] = fmaf(w, rows[s * n_in + k], sum[s]);
            }
        }
#pragma unroll
        for (int s = 0; s < DENSE_SEQUENCES; s++) {
            const float y = sum_of_warp(sum[s]) + bias[j];
            if (lane == s && s < n_here) {
                out[(first + s) * static_cast<size_t>(stride) + j] = is_relu ? fmaxf(y, 0.0f) : tanhf(y);
            }
        }
    }
}
