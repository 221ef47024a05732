// Runs kernels on a CPU, thread for thread: what `warp.cuh` asks of the hardware, in plain C++ and by the tables of the PTX manual.
//
// Threads of a block are fibres that run until they wait for others. Shared memory is static, so blocks run one after another.
// Copies to shared memory are done when they are waited for, as late as the hardware may do them.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#define EMULATED
#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))

typedef unsigned short bf16;
typedef unsigned int u32;
struct alignas(16) uint4 { u32 x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
struct Index { u32 x, y; };
using std::max;
using std::min;

inline Index blockIdx, threadIdx;

struct Copy { char* to; const char* from; int n; };
struct Fibre {
    ucontext_t context;
    std::vector<char> stack;
    std::vector<Copy> copies;
    bool is_done;
};
struct Gate { u32 n_come = 0, round = 0; };
inline std::vector<Fibre> fibres;
inline std::vector<Gate> warp_gates;
inline Gate block_gate;
inline ucontext_t scheduler;
inline u32 running, n_threads;
inline std::function<void()> body;
// What lanes show each other: 8 words for each thread.
inline std::vector<std::array<uint64_t, 8>> shown;
// Base of the "addresses" of shared memory, which are distances from it.
inline char shared_base;

inline float* shared_of_launch() {
    static float numbers[12 << 10];
    return numbers;
}

inline void give_way() { swapcontext(&fibres[running].context, &scheduler); }

inline void wait_at(Gate& gate, u32 n) {
    const u32 round = gate.round;
    if (++gate.n_come == n) {
        gate.n_come = 0;
        gate.round++;
        return;
    }
    while (gate.round == round) {
        give_way();
    }
}
inline void wait_for_warp() { wait_at(warp_gates[running / 32], 32); }
inline void wait_for_block() { wait_at(block_gate, n_threads); }

inline float as_float(u32 bits) { float value; memcpy(&value, &bits, 4); return value; }
inline u32 as_bits(float value) { u32 bits; memcpy(&bits, &value, 4); return bits; }
inline float low(u32 pair) { return as_float(pair << 16); }
inline float high(u32 pair) { return as_float(pair & 0xffff0000u); }
inline u32 rounded(float value) {
    const u32 bits = as_bits(value);
    if (value != value) return 0x7fff;
    return (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
}
inline u32 pack(float first, float second) { return rounded(first) | rounded(second) << 16; }

inline u32 place_of(const void* shared) {
    return static_cast<u32>(reinterpret_cast<uintptr_t>(shared) - reinterpret_cast<uintptr_t>(&shared_base));
}
inline char* at_place(u32 place) {
    return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(&shared_base) + static_cast<int32_t>(place));
}

inline void copy_16(u32 to, const void* from, bool is_there) {
    fibres[running].copies.push_back({at_place(to), static_cast<const char*>(from), is_there ? 16 : 0});
    if (reinterpret_cast<uintptr_t>(at_place(to)) % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0) {
        fprintf(stderr, "a copy is not aligned\n");
        abort();
    }
}
inline void copy_commit() {}
inline void copy_wait() {
    for (const Copy& copy : fibres[running].copies) {
        memset(copy.to, 0, 16);
        memcpy(copy.to, copy.from, copy.n);
    }
    fibres[running].copies.clear();
}

// Shows one's words to the warp, and calls `look` when all have.
template <class Look>
inline void among_lanes(const std::array<uint64_t, 8>& own, Look look) {
    shown[running] = own;
    wait_for_warp();
    look(&shown[running / 32 * 32], running % 32);
    wait_for_warp();
}

template <bool IS_TRANSPOSED>
inline void tiles_from(u32 (&tile)[4], u32 place) {
    among_lanes({place}, [&](const std::array<uint64_t, 8>* lanes, u32 lane) {
        for (u32 i = 0; i < 4; i++) {
            u32 pair[2];
            for (u32 half = 0; half < 2; half++) {
                const u32 a = lane / 4, b = lane % 4 * 2 + half, row = IS_TRANSPOSED ? b : a, column = IS_TRANSPOSED ? a : b;
                bf16 value;
                memcpy(&value, at_place(static_cast<u32>(lanes[i * 8 + row][0])) + column * 2, 2);
                pair[half] = value;
            }
            tile[i] = pair[0] | pair[1] << 16;
        }
    });
}
inline void load_tiles(u32 (&tile)[4], u32 place) { tiles_from<false>(tile, place); }
inline void load_tiles_transposed(u32 (&tile)[4], u32 place) { tiles_from<true>(tile, place); }

inline float half_of(uint64_t pair, u32 which) { return which ? high(static_cast<u32>(pair)) : low(static_cast<u32>(pair)); }

// mma.m16n8k16: element (row, k) of a is in lane row % 8 * 4 + k % 8 / 2, register row / 8 + k / 8 * 2, half k % 2;
// element (k, column) of b in lane column * 4 + k % 8 / 2, register k / 8, half k % 2.
inline void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    among_lanes({a[0], a[1], a[2], a[3], b0, b1}, [&](const std::array<uint64_t, 8>* lanes, u32 lane) {
        for (u32 i = 0; i < 4; i++) {
            const u32 row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
            for (u32 k = 0; k < 16; k++) {
                const float x = half_of(lanes[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2);
                sum[i] += x * half_of(lanes[column * 4 + k % 8 / 2][4 + k / 8], k % 2);
            }
        }
    });
}
inline float power_of_two(float x) { return std::exp2(x); }
inline float exchange(float value, int bits) {
    float other = 0.0f;
    among_lanes({as_bits(value)}, [&](const std::array<uint64_t, 8>* lanes, u32 lane) {
        other = as_float(static_cast<u32>(lanes[lane ^ bits][0]));
    });
    return other;
}

inline void fibre_main() {
    body();
    fibres[running].is_done = true;
    swapcontext(&fibres[running].context, &scheduler);
}

// Runs a kernel on a grid. A block whose threads wait for each other in vain is an error.
inline void launch(u32 blocks_x, u32 blocks_y, u32 threads, std::function<void()> kernel) {
    body = std::move(kernel);
    n_threads = threads;
    fibres.resize(threads);
    shown.resize(threads);
    for (u32 y = 0; y < blocks_y; y++) {
        for (u32 x = 0; x < blocks_x; x++) {
            blockIdx = {x, y};
            block_gate = {};
            warp_gates.assign((threads + 31) / 32, {});
            for (Fibre& fibre : fibres) {
                fibre.stack.resize(64 << 10);
                fibre.copies.clear();
                fibre.is_done = false;
                getcontext(&fibre.context);
                fibre.context.uc_stack.ss_sp = fibre.stack.data();
                fibre.context.uc_stack.ss_size = fibre.stack.size();
                fibre.context.uc_link = nullptr;
                makecontext(&fibre.context, fibre_main, 0);
            }
            u32 n_left = threads, n_rounds = 0;
            while (n_left > 0) {
                n_left = 0;
                // Warps go in turns from the last to the first, so that an order that hides a missing wait is less likely.
                for (u32 i = 0; i < threads; i++) {
                    running = threads - 1 - i;
                    threadIdx = {running, 0};
                    if (!fibres[running].is_done) {
                        swapcontext(&scheduler, &fibres[running].context);
                        n_left += !fibres[running].is_done;
                    }
                }
                if (++n_rounds > 1000000) {
                    fprintf(stderr, "threads wait for each other in vain\n");
                    abort();
                }
            }
        }
    }
}
