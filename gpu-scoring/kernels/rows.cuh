// Work on rows of at most 1,024 numbers, one warp for each row, 16 bytes at a time: embeddings, and residuals with layer
// normalisation. Statistics are in float32.
#pragma once

// Rows of a block.
constexpr int BLOCK_ROWS = 8;
// Pieces of 8 numbers that a lane has, at most: 32 lanes x 4 pieces x 8 numbers are 1,024.
constexpr int LANE_PIECES = 4;

// Two rows, added, in the lanes of a warp; pieces behind the end are zeros.
__device__ __forceinline__ void add_rows(float (&value)[LANE_PIECES][8], const uint4* a, const uint4* b, int n_pieces, int lane) {
#pragma unroll
    for (int at = 0; at < LANE_PIECES; at++) {
        const int piece = at * 32 + lane;
        uint4 x = {0, 0, 0, 0}, y = {0, 0, 0, 0};
        if (piece < n_pieces) {
            x = a[piece];
            y = b[piece];
        }
        value[at][0] = low(x.x) + low(y.x), value[at][1] = high(x.x) + high(y.x);
        value[at][2] = low(x.y) + low(y.y), value[at][3] = high(x.y) + high(y.y);
        value[at][4] = low(x.z) + low(y.z), value[at][5] = high(x.z) + high(y.z);
        value[at][6] = low(x.w) + low(y.w), value[at][7] = high(x.w) + high(y.w);
    }
}

// Sum over a warp, the same in every lane.
__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
    for (int bits = 16; bits > 0; bits /= 2) {
        value += exchange(value, bits);
    }
    return value;
}

// Layer normalisation of a row in the lanes of a warp, written as bf16.
__device__ __forceinline__ void normalise(
    const float (&value)[LANE_PIECES][8], const float* gain, const float* bias, uint4* out, int n_pieces, int lane, float epsilon
) {
    const float n = static_cast<float>(n_pieces * 8);
    float sum = 0.0f;
#pragma unroll
    for (int at = 0; at < LANE_PIECES; at++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            sum += value[at][i];
        }
    }
    const float mean = sum_of_warp(sum) / n;
    float squares = 0.0f;
#pragma unroll
    for (int at = 0; at < LANE_PIECES; at++) {
        if (at * 32 + lane < n_pieces) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                const float d = value[at][i] - mean;
                squares = fmaf(d, d, squares);
            }
        }
    }
    const float factor = 1.0f / sqrtf(sum_of_warp(squares) / n + epsilon);
#pragma unroll
    for (int at = 0; at < LANE_PIECES; at++) {
        const int piece = at * 32 + lane;
        if (piece < n_pieces) {
            float y[8];
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const float4 g = reinterpret_cast<const float4*>(gain)[piece * 2 + half];
                const float4 b = reinterpret_cast<const float4*>(bias)[piece * 2 + half];
                y[4 * half] = fmaf((value[at][4 * half] - mean) * factor, g.x, b.x);
                y[4 * half + 1] = fmaf((value[at][4 * half + 1] - mean) * factor, g.y, b.y);
                y[4 * half + 2] = fmaf((value[at][4 * half + 2] - mean) * factor, g.z, b.z);
                y[4 * half + 3] = fmaf((value[at][4 * half + 3] - mean) * factor, g.w, b.w);
            }
            out[piece] = uint4{pack(y[0], y[1]), pack(y[2], y[3]), pack(y[4], y[5]), pack(y[6], y[7])};
        }
    }
}

// A row of `hidden` numbers in pieces of 16 bytes.
__device__ __forceinline__ uint4* row_of(bf16* matrix, u32 row, int hidden) {
    return reinterpret_cast<uint4*>(matrix + row * static_cast<size_t>(hidden));
}
__device__ __forceinline__ const uint4* row_of(const bf16* matrix, u32 row, int hidden) {
    return reinterpret_cast<const uint4*>(matrix + row * static_cast<size_t>(hidden));
}
