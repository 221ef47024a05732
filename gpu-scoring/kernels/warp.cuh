// What the kernels need of the hardware: bf16 pairs, asynchronous copies, tensor-core tiles, sums over a warp.
//
// The emulation (`emulation/`) puts plain C++ in the place of this file and runs the same kernels on a CPU.
#pragma once

typedef unsigned short bf16;
typedef unsigned int u32;

// The lower number of a pair as float32.
__device__ __forceinline__ float low(u32 pair) { return __uint_as_float(pair << 16); }

// The upper number of a pair as float32.
__device__ __forceinline__ float high(u32 pair) { return __uint_as_float(pair & 0xffff0000u); }

// Two numbers rounded to a pair, the first in the lower half.
__device__ __forceinline__ u32 pack(float first, float second) {
    u32 pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
    return pair;
}

// The place of shared memory as 32 bits, for the instructions below.
__device__ __forceinline__ u32 place_of(const void* shared) { return static_cast<u32>(__cvta_generic_to_shared(shared)); }

// Starts copying 16 bytes to shared memory; zeros, and nothing is read, where `is_there` is false.
__device__ __forceinline__ void copy_16(u32 to, const void* from, bool is_there) {
    int n_bytes = is_there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(n_bytes) : "memory");
}

// Ends a group of copies.
__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits for all of this thread's copies.
__device__ __forceinline__ void copy_wait() { asm volatile("cp.async.wait_group 0;" ::: "memory"); }

// Four 8 x 8 tiles from shared memory; lane i names row i % 8 of tile i / 8.
__device__ __forceinline__ void load_tiles(u32 (&tile)[4], u32 place) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tile[0]), "=r"(tile[1]), "=r"(tile[2]), "=r"(tile[3])
                 : "r"(place)
                 : "memory");
}

// The same, each tile transposed.
__device__ __forceinline__ void load_tiles_transposed(u32 (&tile)[4], u32 place) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tile[0]), "=r"(tile[1]), "=r"(tile[2]), "=r"(tile[3])
                 : "r"(place)
                 : "memory");
}

// sum (16 x 8) += a (16 x 16) b (16 x 8).
__device__ __forceinline__ void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// 2 to the power of x, to about 2 ulp; 0 for minus infinity.
__device__ __forceinline__ float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// The value of the lane whose number differs in these bits.
__device__ __forceinline__ float exchange(float value, int bits) { return __shfl_xor_sync(0xffffffffu, value, bits); }

// Shared memory of the size that the launch says.
__device__ __forceinline__ float* shared_of_launch() {
    extern __shared__ float numbers[];
    return numbers;
}

// Waits for the other lanes; what they wrote to shared memory is seen.
__device__ __forceinline__ void wait_for_warp() { __syncwarp(); }

// Waits for the other threads of the block.
__device__ __forceinline__ void wait_for_block() { __syncthreads(); }
