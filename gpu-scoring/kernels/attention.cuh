// Attention over sequences that lie end to end (after FlashAttention-2, Dao 2023): scores never leave the chip.
//
// A block does one tile of queries of one head; each warp has 16 rows of it. Keys and values come in tiles of 64 through
// two buffers in shared memory: while one is worked on, the next is on its way. A row's sums run over the keys in
// their order, whatever else is in the batch.
#pragma once

// Keys of a tile.
constexpr int KEYS = 64;

// Where 16 bytes lie in shared memory, from the start of a matrix of `D` columns. The order of the pieces changes from row
// to row, so that eight rows of one column are in eight different banks.
template <int D>
__device__ __forceinline__ u32 swizzled(int row, int piece) {
    static_assert(D == 32 || D == 64, "rows of 64 or 128 bytes");
    return D == 64 ? row * 128 + ((piece ^ (row & 7)) << 4) : row * 64 + ((piece ^ ((row >> 1) & 3)) << 4);
}

// Starts copying `ROWS` rows of `D` columns; those from `n_there` on become zeros.
template <int D, int ROWS, int THREADS>
__device__ __forceinline__ void load_rows(u32 to, const bf16* from, size_t stride, int n_there) {
    constexpr int PIECES = D / 8;
    static_assert(ROWS * PIECES % THREADS == 0, "every thread copies equally much");
#pragma unroll
    for (int step = 0; step < ROWS * PIECES / THREADS; step++) {
        int at = step * THREADS + threadIdx.x, row = at / PIECES, piece = at % PIECES;
        bool is_there = row < n_there;
        copy_16(to + swizzled<D>(row, piece), from + (is_there ? row : 0) * stride + piece * 8, is_there);
    }
}

// `qkv` has rows of 3 `hidden`: queries, keys, values; `out` has rows of `hidden`. A tile of the list is: row of its first
// query, row of `out` for it, first row of the sequence, rows of the sequence. At most `max_rows` queries of a tile are done.
// `scale` is log2(e) / sqrt(D). Every tile must have a query, every sequence a key.
template <int D, int WARPS>
__device__ __forceinline__ void attention(const bf16* qkv, bf16* out, const uint4* tiles, int hidden, float scale, int max_rows) {
    constexpr int ROWS = WARPS * 16, THREADS = WARPS * 32, MATRIX = KEYS * D;
    __shared__ __align__(128) bf16 shared_queries[ROWS * D];
    __shared__ __align__(128) bf16 shared_keys[2 * MATRIX];
    __shared__ __align__(128) bf16 shared_values[2 * MATRIX];

    const uint4 tile = tiles[blockIdx.x];
    const int head = blockIdx.y, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const size_t stride = 3 * static_cast<size_t>(hidden);
    const int n_keys = tile.w;
    const int n_left = static_cast<int>(tile.z + tile.w - tile.x);
    const int n_rows = min(min(ROWS, max_rows), n_left);
    const bf16* queries = qkv + tile.x * stride + head * D;
    const bf16* keys = qkv + tile.z * stride + hidden + head * D;
    const bf16* values = keys + hidden;
    const u32 place_q = place_of(shared_queries), place_k = place_of(shared_keys), place_v = place_of(shared_values);

    // A warp without rows still copies and waits.
    const bool is_working = warp * 16 < n_rows;
    const int n_tiles = (n_keys + KEYS - 1) / KEYS;
    // Row and column of the lane's 16 bytes: in queries and values (rows are the sum's index or the result's rows) ...
    const int upright_row = lane % 16, upright_piece = lane / 16;
    // ... and in keys (rows are the result's columns).
    const int lying_row = lane % 8 + lane / 16 * 8, lying_piece = lane / 8 % 2;

    load_rows<D, ROWS, THREADS>(place_q, queries, stride, n_rows);
    load_rows<D, KEYS, THREADS>(place_k, keys, stride, n_keys);
    load_rows<D, KEYS, THREADS>(place_v, values, stride, n_keys);
    copy_commit();

    u32 query[D / 16][4];
    float sum[D / 8][4];
#pragma unroll
    for (int j = 0; j < D / 8; j++) {
        sum[j][0] = sum[j][1] = sum[j][2] = sum[j][3] = 0.0f;
    }
    // A lane has two rows of the tile's 16: lane / 4, and 8 below.
    float highest[2] = {-INFINITY, -INFINITY}, weights[2] = {0.0f, 0.0f};

    for (int at = 0; at < n_tiles; at++) {
        // The tile at hand has come, and nobody reads the buffer of the tile before it any more.
        copy_wait();
        wait_for_block();
        if (at + 1 < n_tiles) {
            const int next = (at + 1) * KEYS;
            const u32 buffer = (at + 1) % 2 * MATRIX * 2;
            load_rows<D, KEYS, THREADS>(place_k + buffer, keys + next * stride, stride, n_keys - next);
            load_rows<D, KEYS, THREADS>(place_v + buffer, values + next * stride, stride, n_keys - next);
        }
        copy_commit();
        if (!is_working) {
            continue;
        }
        if (at == 0) {
#pragma unroll
            for (int k = 0; k < D / 16; k++) {
                load_tiles(query[k], place_q + swizzled<D>(warp * 16 + upright_row, k * 2 + upright_piece));
            }
        }
        const u32 key_tile = place_k + at % 2 * MATRIX * 2, value_tile = place_v + at % 2 * MATRIX * 2;

        // Scores: queries x keys.
        float score[KEYS / 8][4];
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++) {
            score[j][0] = score[j][1] = score[j][2] = score[j][3] = 0.0f;
        }
#pragma unroll
        for (int k = 0; k < D / 16; k++) {
#pragma unroll
            for (int j = 0; j < KEYS / 16; j++) {
                u32 key[4];
                load_tiles(key, key_tile + swizzled<D>(j * 16 + lying_row, k * 2 + lying_piece));
                multiply(score[2 * j], query[k], key[0], key[1]);
                multiply(score[2 * j + 1], query[k], key[2], key[3]);
            }
        }

        // Keys behind the end of the sequence weigh nothing. The first tile has at least one key, so every row's highest score is finite.
        const int n_here = n_keys - at * KEYS;
        if (n_here < KEYS) {
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++) {
                const int column = j * 8 + lane % 4 * 2;
                if (column >= n_here) {
                    score[j][0] = score[j][2] = -INFINITY;
                }
                if (column + 1 >= n_here) {
                    score[j][1] = score[j][3] = -INFINITY;
                }
            }
        }

        // Softmax so far: what was summed is scaled down where a row has a new highest score.
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float top = highest[half];
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++) {
                top = fmaxf(top, fmaxf(score[j][2 * half], score[j][2 * half + 1]));
            }
            top = fmaxf(top, exchange(top, 1));
            top = fmaxf(top, exchange(top, 2));
            const float shrink = power_of_two((highest[half] - top) * scale);
            const float offset = top * scale;
            highest[half] = top;
            float total = 0.0f;
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++) {
                score[j][2 * half] = power_of_two(fmaf(score[j][2 * half], scale, -offset));
                score[j][2 * half + 1] = power_of_two(fmaf(score[j][2 * half + 1], scale, -offset));
                total += score[j][2 * half] + score[j][2 * half + 1];
            }
            weights[half] = weights[half] * shrink + total;
#pragma unroll
            for (int j = 0; j < D / 8; j++) {
                sum[j][2 * half] *= shrink;
                sum[j][2 * half + 1] *= shrink;
            }
        }

        // Weights x values. Two tiles of a result lie in a lane as one tile of a left factor does.
#pragma unroll
        for (int k = 0; k < KEYS / 16; k++) {
            const u32 weight[4] = {
                pack(score[2 * k][0], score[2 * k][1]),
                pack(score[2 * k][2], score[2 * k][3]),
                pack(score[2 * k + 1][0], score[2 * k + 1][1]),
                pack(score[2 * k + 1][2], score[2 * k + 1][3]),
            };
#pragma unroll
            for (int j = 0; j < D / 16; j++) {
                u32 value[4];
                load_tiles_transposed(value, value_tile + swizzled<D>(k * 16 + upright_row, j * 2 + upright_piece));
                multiply(sum[2 * j], weight, value[0], value[1]);
                multiply(sum[2 * j + 1], weight, value[2], value[3]);
            }
        }
    }
    if (!is_working) {
        return;
    }

    // The result goes through the warp's own rows of the queries' place, which only this warp has read, to be written in pieces of 16 bytes.
    char* const staged = reinterpret_cast<char*>(shared_queries);
    wait_for_warp();
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float total = weights[half];
        total += exchange(total, 1);
        total += exchange(total, 2);
        const float factor = 1.0f / total;
        const int row = warp * 16 + half * 8 + lane / 4;
#pragma unroll
        for (int j = 0; j < D / 8; j++) {
            const u32 pair = pack(sum[j][2 * half] * factor, sum[j][2 * half + 1] * factor);
            *reinterpret_cast<u32*>(staged + swizzled<D>(row, j) + lane % 4 * 4) = pair;
        }
    }
    wait_for_warp();
    constexpr int PIECES = D / 8;
#pragma unroll
    for (int step = 0; step < 16 * PIECES / 32; step++) {
        const int at = step * 32 + lane, row = warp * 16 + at / PIECES, piece = at % PIECES;
        if (row < n_rows) {
            const uint4 bytes = *reinterpret_cast<const uint4*>(staged + swizzled<D>(row, piece));
            *reinterpret_cast<uint4*>(out + (tile.y + row) * static_cast<size_t>(hidden) + head * D + piece * 8) = bytes;
        }
    }
}
