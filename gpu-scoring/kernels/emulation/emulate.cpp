// The kernels themselves on a CPU against plain float64 loops, on shapes around the edges of their tiles.
// Build and run: c++ -std=c++17 -O2 -Wno-unknown-pragmas -fno-strict-aliasing -o emulate emulate.cpp && ./emulate
#include "emulate.h"

#include "../encoder.cu"

static uint64_t state = 88172645463325252ull;
static float noise() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return static_cast<float>(static_cast<int64_t>(state >> 11) % 2000001) / 1000000.0f - 1.0f;
}
static bf16 short_noise(float size) { return static_cast<bf16>(rounded(noise() * size)); }
static float wide(bf16 value) { return low(value); }

static int n_wrong = 0;
static void expect(bool is_good, const char* what, double number) {
    printf("%-58s %.3e %s\n", what, number, is_good ? "ok" : "WRONG");
    n_wrong += !is_good;
}

// A batch of the given lengths, with rows of not-a-number behind its end and in front of its start.
template <int D>
static void check_attention(const std::vector<u32>& lengths, bool is_first_only) {
    const u32 n_heads = 2, hidden = n_heads * D, lead = 3;
    u32 n = lead;
    for (u32 length : lengths) n += length;
    const u32 n_rows = n + 200;
    std::vector<bf16> qkv((size_t)n_rows * 3 * hidden + 8, 0x7fc0), out((size_t)n_rows * hidden + 8, 0x7fc1);
    bf16* q = reinterpret_cast<bf16*>((reinterpret_cast<uintptr_t>(qkv.data()) + 15) / 16 * 16);
    bf16* o = reinterpret_cast<bf16*>((reinterpret_cast<uintptr_t>(out.data()) + 15) / 16 * 16);
    for (size_t i = (size_t)lead * 3 * hidden; i < (size_t)n * 3 * hidden; i++) q[i] = short_noise(3.0f);
    std::vector<uint4> large, small;
    u32 from = lead, sequence = 0;
    for (u32 length : lengths) {
        if (is_first_only) {
            small.push_back({from, sequence, from, length});
        } else {
            for (u32 done = 0; done < length; done += 128) {
                (length - done <= 64 ? small : large).push_back({from + done, from + done, from, length});
            }
        }
        from += length, sequence++;
    }
    const float scale = static_cast<float>(1.4426950408889634 / std::sqrt((double)D));
    const int max_rows = is_first_only ? 1 : 16896;
    if (!large.empty()) launch(large.size(), n_heads, 256, [&] { attention<D, 8>(q, o, large.data(), hidden, scale, max_rows); });
    if (!small.empty()) launch(small.size(), n_heads, 128, [&] { attention<D, 4>(q, o, small.data(), hidden, scale, max_rows); });

    double worst = 0;
    size_t n_written = 0, n_expected = 0;
    from = lead, sequence = 0;
    for (u32 length : lengths) {
        for (u32 head = 0; head < n_heads; head++) {
            for (u32 row = 0; row < (is_first_only ? 1 : length); row++) {
                std::vector<double> weight(length);
                double top = -1e300, total = 0;
                const bf16* query = q + (size_t)(from + row) * 3 * hidden + head * D;
                for (u32 key = 0; key < length; key++) {
                    const bf16* k = q + (size_t)(from + key) * 3 * hidden + hidden + head * D;
                    for (int d = 0; d < D; d++) weight[key] += (double)wide(query[d]) * wide(k[d]);
                    weight[key] /= std::sqrt((double)D);
                    top = std::max(top, weight[key]);
                }
                for (double& w : weight) total += w = std::exp(w - top);
                const bf16* found = o + (size_t)(is_first_only ? sequence : from + row) * hidden + head * D;
                for (int d = 0; d < D; d++) {
                    double sum = 0;
                    for (u32 key = 0; key < length; key++) sum += weight[key] * wide(q[(size_t)(from + key) * 3 * hidden + 2 * hidden + head * D + d]);
                    const double error = std::abs(sum / total - wide(found[d]));
                    worst = error <= worst ? worst : error;
                    n_expected++;
                }
            }
        }
        from += length, sequence++;
    }
    for (size_t i = 0; i < (size_t)n_rows * hidden; i++) n_written += o[i] != 0x7fc1;
    char what[120];
    snprintf(what, sizeof what, "attention, heads of %d, %zu sequences%s", D, lengths.size(), is_first_only ? ", first queries" : "");
    // Values up to 3 in bf16 with weights in bf16: an error of 2^-8 of them.
    expect(worst < 0.015, what, worst);
    expect(n_written == n_expected, "  numbers written and not to be", (double)n_written - (double)n_expected);
}

static void check_rows(int hidden) {
    const int n_tokens = 13, n_rows = 19, n_words = 7;
    const float epsilon = 1e-5f;
    std::vector<uint4> words_at(n_words * hidden / 8), places_at(20 * hidden / 8), out_at((n_rows + 1) * hidden / 8, uint4{1, 1, 1, 1}), more_at(n_rows * hidden / 8);
    bf16 *words = (bf16*)words_at.data(), *places = (bf16*)places_at.data(), *out = (bf16*)out_at.data(), *more = (bf16*)more_at.data();
    std::vector<float4> gain_at(hidden / 4), bias_at(hidden / 4);
    float *gain = (float*)gain_at.data(), *bias = (float*)bias_at.data();
    for (int i = 0; i < n_words * hidden; i++) words[i] = short_noise(2);
    for (int i = 0; i < 20 * hidden; i++) places[i] = short_noise(2);
    for (int i = 0; i < n_rows * hidden; i++) more[i] = short_noise(2);
    for (int i = 0; i < hidden; i++) gain[i] = noise(), bias[i] = noise();
    std::vector<u32> ids(n_tokens), positions(n_tokens);
    for (int i = 0; i < n_tokens; i++) ids[i] = i * 5 % n_words, positions[i] = i * 3 % 20;
    const auto norm = [&](const std::vector<double>& x, const bf16* found) {
        double mean = 0, squares = 0, worst = 0;
        for (double v : x) mean += v / hidden;
        for (double v : x) squares += (v - mean) * (v - mean) / hidden;
        for (int i = 0; i < hidden; i++) {
            const double y = (x[i] - mean) / std::sqrt(squares + epsilon) * gain[i] + bias[i];
            worst = std::max(worst, std::abs(y - wide(found[i])) / std::max(1.0, std::abs(y)));
        }
        return worst;
    };
    launch((n_rows + 7) / 8, 1, 256, [&] { embed(ids.data(), positions.data(), words, places, gain, bias, out, n_tokens, n_rows, hidden, epsilon); });
    double worst = 0;
    std::vector<double> x(hidden);
    for (int row = 0; row < n_tokens; row++) {
        for (int i = 0; i < hidden; i++) x[i] = (double)wide(words[ids[row] * hidden + i]) + wide(places[positions[row] * hidden + i]);
        worst = std::max(worst, norm(x, out + row * hidden));
    }
    bool are_zeros = true, is_kept = out_at[n_rows * hidden / 8].x == 1;
    for (int i = n_tokens * hidden; i < n_rows * hidden; i++) are_zeros &= out[i] == 0;
    char what[120];
    snprintf(what, sizeof what, "embed, rows of %d", hidden);
    expect(worst < 0.004 && are_zeros && is_kept, what, worst);

    const std::vector<bf16> before(out, out + n_rows * hidden);
    launch((n_rows + 7) / 8, 1, 256, [&] { residual_norm(out, more, gain, bias, n_rows, hidden, epsilon); });
    worst = 0;
    for (int row = 0; row < n_rows; row++) {
        for (int i = 0; i < hidden; i++) x[i] = (double)wide(before[row * hidden + i]) + wide(more[row * hidden + i]);
        worst = std::max(worst, norm(x, out + row * hidden));
    }
    snprintf(what, sizeof what, "residual_norm, rows of %d", hidden);
    expect(worst < 0.004 && out_at[n_rows * hidden / 8].x == 1, what, worst);

    // Sequences of 1, 5, 2 and 11 rows.
    const u32 boundaries[] = {0, 1, 6, 8, 19};
    std::vector<uint4> firsts_at(10 * hidden / 8, uint4{1, 1, 1, 1});
    bf16* firsts = (bf16*)firsts_at.data();
    launch(2, 1, 256, [&] { gather(out, boundaries, firsts, 4, 9, hidden); });
    bool is_good = firsts_at[9 * hidden / 8].x == 1;
    for (int row = 0; row < 9; row++) {
        for (int i = 0; i < hidden; i++) is_good &= firsts[row * hidden + i] == (row < 4 ? out[boundaries[row] * hidden + i] : 0);
    }
    expect(is_good, "gather", 0);

    for (int kind = 0; kind < 3; kind++) {
        const int stride = hidden + 3;
        std::vector<float> pooled(4 * stride, -9.0f);
        launch(4, 1, 128, [&] { pool(kind == 0 ? firsts : out, boundaries, pooled.data(), hidden, stride, kind); });
        worst = 0;
        for (int s = 0; s < 4; s++) {
            for (int i = 0; i < hidden; i++) {
                double sum = 0;
                const u32 end = kind == 2 ? boundaries[s + 1] : boundaries[s] + 1;
                for (u32 row = boundaries[s]; row < end; row++) sum += wide(out[row * hidden + i]) / (double)(end - boundaries[s]);
                worst = std::max(worst, std::abs(sum - pooled[s * stride + i]));
            }
            for (int i = hidden; i < stride; i++) worst = pooled[s * stride + i] == -9.0f ? worst : 1e9;
        }
        expect(worst < 1e-5, kind == 2 ? "pool, mean" : kind == 1 ? "pool, first of packed rows" : "pool, gathered rows", worst);
    }
}

static void check_dense(int n_sequences, int n_in, int n_out, bool is_relu) {
    const int stride = n_out + 5;
    std::vector<float> pooled(n_sequences * n_in), weight(n_in * n_out), bias(n_out), out((n_sequences + 1) * stride, -9.0f);
    for (float& x : pooled) x = noise();
    for (float& x : weight) x = noise() * 0.1f;
    for (float& x : bias) x = noise();
    launch((n_out + 31) / 32, (n_sequences + 7) / 8, 256, [&] {
        dense(pooled.data(), weight.data(), bias.data(), out.data(), n_sequences, n_in, n_out, stride, is_relu);
    });
    double worst = 0;
    for (int s = 0; s < n_sequences; s++) {
        for (int j = 0; j < n_out; j++) {
            double sum = bias[j];
            for (int k = 0; k < n_in; k++) sum += (double)pooled[s * n_in + k] * weight[j * n_in + k];
            worst = std::max(worst, std::abs((is_relu ? std::max(sum, 0.0) : std::tanh(sum)) - out[s * stride + j]));
        }
        for (int j = n_out; j < stride; j++) worst = out[s * stride + j] == -9.0f ? worst : 1e9;
    }
    expect(worst < 1e-5 && out[n_sequences * stride] == -9.0f, is_relu ? "dense, relu" : "dense, tanh", worst);
}

static void check_gelu() {
    std::vector<uint4> at(301);
    bf16* x = (bf16*)at.data();
    for (int i = 0; i < 301 * 8; i++) x[i] = short_noise(6);
    const std::vector<bf16> before(x, x + 301 * 8);
    launch(2, 1, 256, [&] { gelu(at.data(), 300); });
    double worst = 0;
    for (int i = 0; i < 301 * 8; i++) {
        const double v = wide(before[i]), y = i < 2400 ? 0.5 * v * std::erfc(-v / std::sqrt(2.0)) : v;
        worst = std::max(worst, std::abs(y - wide(x[i])) / std::max(0.01, std::abs(y)));
    }
    expect(worst < 0.004, "gelu", worst);
}

int main() {
    check_attention<64>({1, 2, 15, 16, 17, 63, 64, 65}, false);
    check_attention<32>({1, 2, 15, 16, 17, 63, 64, 65}, false);
    check_attention<64>({127, 128, 129}, false);
    check_attention<64>({191, 192, 193, 300}, false);
    check_attention<32>({127, 129, 193, 300}, false);
    check_attention<64>({1, 64, 65, 130, 193}, true);
    check_attention<32>({1, 64, 65, 130, 193}, true);
    for (int hidden : {64, 384, 512, 768, 1024}) check_rows(hidden);
    check_dense(1, 64, 64, false);
    check_dense(19, 384, 70, true);
    check_dense(8, 1024, 33, false);
    check_gelu();
    printf(n_wrong == 0 ? "all is well\n" : "%d checks failed\n", n_wrong);
    return n_wrong != 0;
}
