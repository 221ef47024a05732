"""Checks and times the encoder scorers on a GPU next to PyTorch, on fresh random inputs, and writes `gpu.json` and `gpu.md`.

    python gpu.py --encode target/release/examples/encode --out FOLDER [--quick] [--seconds 210] [--seed N]

It needs PyTorch 2.11, transformers 5.17 and numpy. Models have random weights; what is compared is arithmetic, not
quality. The reference is float32 on the GPU without TF32. Times are taken with CUDA events (PyTorch) and by the
program itself with its copies in and out (ours), after one run that is not counted. Tokens are real ones, without padding.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import time
import traceback

import numpy
import torch
import transformers

# A dense bf16 matrix product on H100 and H200 of 8,192 on each side: what the share of the roofline refers to.
PEAK = 790e12
BEGIN = time.monotonic()
BF16_LIMIT, RANK_LIMIT = 2e-2, 0.999


def say(*words):
    print(f"[{time.monotonic() - BEGIN:6.1f} s]", *words, flush=True)


def distil_roberta():
    return "distilroberta", transformers.RobertaForSequenceClassification, transformers.RobertaConfig(
        num_hidden_layers=6, vocab_size=50265, hidden_size=768, num_attention_heads=12, intermediate_size=3072,
        max_position_embeddings=514, type_vocab_size=1, hidden_act="gelu_pytorch_tanh", num_labels=1,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)


def mini_lm():
    return "minilm", transformers.BertForSequenceClassification, transformers.BertConfig(
        num_hidden_layers=6, vocab_size=30522, hidden_size=384, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=512, type_vocab_size=2, hidden_act="gelu", num_labels=3, pad_token_id=0)


def make_model(spec, folder, seed):
    """A model with random float32 weights, saved; biases and gains are random too, so that each of them counts.

    Rounding such weights to bf16 costs more than all else: PyTorch in bf16 on the same model stands beside ours.
    """
    name, kind, config = spec
    config._attn_implementation = "sdpa"
    model = kind(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            # Feed-forward layers of 0.05 would drown what the attention adds and enlarge every rounding.
            is_forward = "intermediate.dense" in key or ("output.dense" in key and "attention" not in key)
            # What all sequences have in common would drown what tells them apart.
            is_common = "position_embeddings" in key or "token_type_embeddings" in key
            # The last matrix is of the usual size of new models, which sets the scale of the logits.
            is_last = key.startswith("classifier.out_proj") or key in ("classifier.weight", "classifier.bias")
            size = 0.01 if is_common else 0.02 if is_last else 0.03 if is_forward else 0.05
            noise = torch.empty_like(tensor).normal_(0.0, size, generator=generator)
            tensor.copy_(noise + 1.0 if key.endswith("LayerNorm.weight") else noise)
    path = os.path.join(folder, name)
    model.save_pretrained(path, safe_serialization=True)
    return model, path


def make_ids(lengths, n_words, random):
    """Sequences of ids, each of 30 words of its own: with all words in all sequences the attention's means would be alike.

    Those of special tokens are left out, as position ids of RoBERTa would skip padding.
    """
    return [random.integers(5, n_words, size=30, dtype=numpy.uint32)[random.integers(0, 30, size=n)] for n in lengths]


def mixes(n_tokens, random):
    def until(draw):
        lengths, total = [], 0
        while total < n_tokens:
            lengths.append(int(draw()))
            total += lengths[-1]
        return lengths

    return {
        "512": until(lambda: 512),
        "varied": until(lambda: numpy.clip(random.lognormal(5.35, 0.7), 16, 512)),
        "short": until(lambda: numpy.clip(random.lognormal(3.95, 0.55), 8, 512)),
    }


def write_ids(path, sequences):
    lengths = numpy.array([len(sequence) for sequence in sequences], dtype="<u4")
    parts = [numpy.array([len(sequences)], dtype="<u4"), lengths, *sequences]
    numpy.concatenate(parts).astype("<u4").tofile(path)


def flop(config, n):
    """Floating-point operations of a sequence: matrices and attention of all layers, as if each token went through all."""
    matrices = config.hidden_size * (4 * config.hidden_size + 2 * config.intermediate_size)
    return config.num_hidden_layers * n * 2 * (matrices + 2 * n * config.hidden_size)


class Ours:
    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        libraries = set()
        for root in [*sys.path, os.path.dirname(os.path.dirname(torch.__file__))]:
            found = glob.glob(os.path.join(root or ".", "nvidia", "*", "lib", "libcublasLt.so.13"))
            libraries.update(os.path.dirname(os.path.abspath(path)) for path in found)
        libraries.update(glob.glob("/usr/local/cuda*/lib64"))
        before = os.environ.get("LD_LIBRARY_PATH", "")
        path = ":".join([*sorted(libraries), *([before] if before else [])])
        self.environment = {**os.environ, "LD_LIBRARY_PATH": path}

    def run(self, model, sequences, n_labels, repeat=1, options=(), device="cuda"):
        ids, out = os.path.join(self.folder, "ids.bin"), os.path.join(self.folder, "out.bin")
        write_ids(ids, sequences)
        if os.path.exists(out):
            os.remove(out)
        words = [self.program, model, ids, out, "--device", device, "--repeat", str(repeat), *options]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"encode ended with {done.returncode}: {done.stderr.strip()[-1500:]}")
        logits = numpy.fromfile(out, dtype="<f4").reshape(len(sequences), n_labels)
        if not numpy.isfinite(logits).all():
            say(f"WRONG: {int((~numpy.isfinite(logits)).any(1).sum())} sequences have logits that are not finite")
        return logits, json.loads(done.stdout.strip().splitlines()[-1])


class Torch:
    def __init__(self, device):
        self.device = device
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def batches(self, sequences, size, is_sorted, pad):
        order = range(len(sequences))
        if is_sorted:
            order = sorted(order, key=lambda at: len(sequences[at]))
        order = list(order)
        made = []
        for begin in range(0, len(order), size):
            part = order[begin:begin + size]
            longest = max(len(sequences[at]) for at in part)
            ids = torch.full((len(part), longest), pad, dtype=torch.long)
            mask = torch.zeros((len(part), longest), dtype=torch.long)
            for row, at in enumerate(part):
                ids[row, :len(sequences[at])] = torch.from_numpy(sequences[at].astype(numpy.int64))
                mask[row, :len(sequences[at])] = 1
            if self.device == "cuda":
                ids, mask = ids.pin_memory(), mask.pin_memory()
            made.append((part, ids, mask))
        return made

    @torch.inference_mode()
    def run(self, model, sequences, size, is_sorted, pad, is_timed=False):
        batches = self.batches(sequences, size, is_sorted, pad)

        def once(batches):
            found = []
            for _, ids, mask in batches:
                ids, mask = ids.to(self.device, non_blocking=True), mask.to(self.device, non_blocking=True)
                found.append(model(input_ids=ids, attention_mask=mask).logits)
            return torch.cat(found).float().cpu().numpy()

        return self.timed(once, batches, [at for part, _, _ in batches for at in part], is_timed)

    def timed(self, once, batches, order, is_timed):
        seconds = None
        if is_timed and self.device == "cuda":
            once(batches)
            times = []
            for _ in range(2):
                begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                begin.record()
                rows = once(batches)
                end.record()
                end.synchronize()
                times.append(begin.elapsed_time(end) / 1000)
            seconds = min(times)
        else:
            rows = once(batches)
        logits = numpy.empty_like(rows)
        logits[order] = rows
        return logits, seconds

    @torch.inference_mode()
    def packed(self, model, sequences, budget=16896, attention=None):
        """The same model without padding, by the variable-length attention of PyTorch where it has one."""
        if attention is None:
            from torch.nn.attention.varlen import varlen_attn as attention
        linear, norm = torch.nn.functional.linear, torch.nn.functional.layer_norm
        trunk, config = model.roberta, model.config
        heads, size = config.num_attention_heads, config.hidden_size // config.num_attention_heads
        fused = []
        for layer in trunk.encoder.layer:
            own = layer.attention.self
            fused.append((torch.cat([own.query.weight, own.key.weight, own.value.weight]),
                          torch.cat([own.query.bias, own.key.bias, own.value.bias])))
        batches, part, total = [], [], 0
        for at, sequence in enumerate(sequences):
            if part and total + len(sequence) > budget:
                batches.append(part)
                part, total = [], 0
            part.append(at)
            total += len(sequence)
        batches.append(part)
        prepared = []
        for part in batches:
            lengths = [len(sequences[at]) for at in part]
            ids = torch.from_numpy(numpy.concatenate([sequences[at] for at in part]).astype(numpy.int64))
            positions = torch.cat([torch.arange(n) for n in lengths]) + config.pad_token_id + 1
            ends = torch.tensor([0, *numpy.cumsum(lengths)], dtype=torch.int32)
            prepared.append((ids, positions, ends, max(lengths)))

        def once(prepared):
            found = []
            for ids, positions, ends, longest in prepared:
                ids, positions, ends = ids.to(self.device), positions.to(self.device), ends.to(self.device)
                made = trunk.embeddings
                x = made.word_embeddings.weight[ids] + made.position_embeddings.weight[positions]
                x = x + made.token_type_embeddings.weight[0]
                x = norm(x, (config.hidden_size,), made.LayerNorm.weight, made.LayerNorm.bias, config.layer_norm_eps)
                for layer, (weight, bias) in zip(trunk.encoder.layer, fused):
                    q, k, v = linear(x, weight, bias).view(-1, 3, heads, size).unbind(1)
                    y = attention(q, k, v, ends, ends, longest, longest).reshape(-1, config.hidden_size)
                    out = layer.attention.output
                    x = out.LayerNorm(out.dense(y) + x)
                    y = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(x))
                    x = layer.output.LayerNorm(layer.output.dense(y) + x)
                found.append(model.classifier(x[ends[:-1].long()][:, None]))
            return torch.cat(found).float().cpu().numpy()

        return self.timed(once, prepared, list(range(len(sequences))), True)


def ranks(values):
    order = numpy.argsort(values, kind="stable")
    places = numpy.empty(len(values))
    places[order] = numpy.arange(len(values))
    return places


def compare(found, reference):
    """Largest difference, and the lowest rank correlation of the columns."""
    difference = float(numpy.abs(found - reference).max())
    columns = zip(found.T, reference.T)
    correlation = min(float(numpy.corrcoef(ranks(a), ranks(b))[0, 1]) for a, b in columns)
    return difference, correlation


def verdict(is_good):
    return "ok" if is_good else "WRONG"


def check_edges(ours, peer, models, random, results):
    """Lengths around the tiles' edges, in one batch and each alone."""
    lengths = [1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 66, 100, 127, 128, 129, 191, 192, 193, 255, 256, 257, 320, 511, 512]
    for name, (model, path) in models.items():
        n_labels = model.config.num_labels
        sequences = make_ids(lengths, model.config.vocab_size, random)
        reference, _ = peer.run(model, sequences, 1, False, model.config.pad_token_id)
        found, _ = ours.run(path, sequences, n_labels, device=ours.device)
        errors = numpy.abs(found - reference).max(1)
        spread = float(reference.std())
        worst = int(errors.argmax())
        alone = all(
            numpy.array_equal(ours.run(path, [sequences[at]], n_labels, device=ours.device)[0][0], found[at])
            for at in (0, 5, 10, 15, 24))
        results["edges"][name] = {"lengths": lengths, "errors": errors.tolist(), "spread": spread, "alone_equal": alone}
        say(f"{name}, lengths around the tiles' edges: largest difference {errors[worst]:.2e} at length {lengths[worst]}"
            f" (spread of the logits {spread:.2f}): {verdict(errors[worst] <= BF16_LIMIT * max(1.0, spread))};"
            f" alone as in a batch: {verdict(alone)}")
        if errors[worst] > BF16_LIMIT * max(1.0, spread):
            say("  by length:", ", ".join(f"{n}: {e:.1e}" for n, e in zip(lengths, errors)))


def measure(ours, peer, name, model, half, path, sequences, repeat, results, deadline):
    config = model.config
    n_tokens = sum(map(len, sequences))
    row = {"sequences": len(sequences), "tokens": n_tokens, "mean_length": n_tokens / len(sequences)}
    found, told = ours.run(path, sequences, config.num_labels, repeat, device=ours.device)
    row["ours"] = told["tokens"] / told["seconds"]
    row["cpu_seconds"] = told.get("cpu_seconds")
    if told.get("busy_seconds"):
        row["busy"] = told["busy_seconds"] / told["seconds"]
    row["device"] = told["device"]
    work = sum(flop(config, len(sequence)) for sequence in sequences)
    row["roofline"] = row["ours"] * work / n_tokens / PEAK
    say(f"{name}: ours {row['ours'] / 1e6:.2f} M tokens/s, {row['roofline']:.1%} of the roofline, busy {row.get('busy', 0):.1%}")
    results["mixes"][name] = row

    reference, _ = peer.run(model, sequences, 64, True, config.pad_token_id)
    row["spread"] = float(reference.std())
    row["difference"], row["correlation"] = compare(found, reference)
    is_good = row["difference"] <= BF16_LIMIT and row["correlation"] >= RANK_LIMIT
    say(f"{name}: largest difference from float32 {row['difference']:.2e}, rank correlation {row['correlation']:.5f},"
        f" spread {row['spread']:.2f}: {verdict(is_good)}")

    again, _ = ours.run(path, sequences, config.num_labels, device=ours.device)
    row["deterministic"] = bool(numpy.array_equal(again, found))
    order = numpy.random.default_rng(1).permutation(len(sequences))
    shuffled, _ = ours.run(path, [sequences[at] for at in order], config.num_labels, device=ours.device)
    row["order_free"] = bool(numpy.array_equal(shuffled, found[order]))
    n_off = int((shuffled != found[order]).any(1).sum())
    say(f"{name}: two runs equal: {verdict(row['deterministic'])}; shuffled equal: {verdict(row['order_free'])} ({n_off} differ)")

    for label, size, is_sorted in (("torch_padded", 32, False), ("torch_sorted", 256, True)):
        logits, seconds = peer.run(half, sequences, size, is_sorted, config.pad_token_id, is_timed=True)
        if seconds:
            row[label] = n_tokens / seconds
        row[f"{label}_difference"], row[f"{label}_correlation"] = compare(logits, reference)
        say(f"{name}: {label} {row.get(label, 0) / 1e6:.2f} M tokens/s, difference {row[f'{label}_difference']:.2e},"
            f" rank correlation {row[f'{label}_correlation']:.5f}")
    if time.monotonic() < deadline:
        try:
            logits, seconds = peer.packed(half, sequences)
            row["torch_packed"] = n_tokens / seconds if seconds else None
            row["torch_packed_difference"] = compare(logits, reference)[0]
            say(f"{name}: torch packed {(row['torch_packed'] or 0) / 1e6:.2f} M tokens/s, difference {row['torch_packed_difference']:.2e}")
        except Exception as error:  # A peer that is not to be had is no failure of ours.
            say(f"{name}: torch packed is not to be had: {type(error).__name__}: {str(error)[:200]}")


def table(results):
    lines = [
        f"Card: {results['card']}. PyTorch {results['torch']}, transformers {results['transformers']}. DistilRoBERTa of random weights, bf16.",
        f"Share of the roofline: operations of all layers for all tokens over {PEAK / 1e12:.0f} TFLOP/s; `ours` leaves out"
        " what the last layer would do for tokens that no head sees.", "",
        "| mix | mean tokens | ours, M tokens/s | torch padded | torch sorted | torch packed | ours / padded | roofline | busy |"
        " max diff (torch) | spread of logits | rank correlation (torch) | two runs, shuffled |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]

    def number(value, form):
        return "–" if value is None else format(value, form)

    def millions(value):
        return "–" if not value else f"{value / 1e6:.2f}"

    for name, row in results["mixes"].items():
        ratio = row["ours"] / row["torch_padded"] if row.get("torch_padded") else None
        lines.append(
            f"| {name} | {row['mean_length']:.0f} | {millions(row['ours'])} | {millions(row.get('torch_padded'))} |"
            f" {millions(row.get('torch_sorted'))} | {millions(row.get('torch_packed'))} | {number(ratio, '.2f')} |"
            f" {number(row.get('roofline'), '.1%')} | {number(row.get('busy'), '.1%')} |"
            f" {number(row.get('difference'), '.1e')} ({number(row.get('torch_padded_difference'), '.1e')}) |"
            f" {number(row.get('spread'), '.2f')} |"
            f" {number(row.get('correlation'), '.5f')} ({number(row.get('torch_padded_correlation'), '.5f')}) |"
            f" {verdict(row.get('deterministic'))}, {verdict(row.get('order_free'))} |")
    if results.get("kernels"):
        total = sum(results["kernels"].values())
        lines += ["", "One batch of 512-token sequences with events between the kernels (gaps of launches included):", "",
                  "| kernel | ms | share |", "|---|---|---|"]
        for name, seconds in sorted(results["kernels"].items(), key=lambda pair: -pair[1]):
            lines.append(f"| {name} | {seconds * 1e3:.3f} | {seconds / total:.1%} |")
    if results.get("tuned"):
        lines += ["", f"512 tokens with algorithms chosen by trial: {millions(results['tuned'])} M tokens/s."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--encode", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=210)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--rehearse", action="store_true", help="everything on the CPU and tiny: does the script run?")
    arguments = parser.parse_args()
    if not arguments.rehearse and not torch.cuda.is_available():
        sys.exit("there is no GPU")
    os.makedirs(arguments.out, exist_ok=True)
    scratch = os.path.join("/tmp", f"gpu-bench-{os.getpid()}")
    os.makedirs(scratch)
    kind = "cpu" if arguments.rehearse else "cuda"
    deadline = BEGIN + arguments.seconds
    random = numpy.random.default_rng(arguments.seed)
    card = "CPU" if arguments.rehearse else torch.cuda.get_device_name(0)
    results = {"card": card, "torch": torch.__version__, "transformers": transformers.__version__,
               "seed": arguments.seed, "peak": PEAK, "edges": {}, "mixes": {}}
    say(f"{card}, torch {torch.__version__}, transformers {transformers.__version__}, seed {arguments.seed}")
    ours, peer = Ours(arguments.encode, scratch), Torch(kind)
    ours.device = kind

    def save():
        with open(os.path.join(arguments.out, "gpu.json"), "w") as file:
            json.dump(results, file, indent=1)
        with open(os.path.join(arguments.out, "gpu.md"), "w") as file:
            file.write(table(results))

    models = {}
    for spec in (distil_roberta(), mini_lm()):
        model, path = make_model(spec, scratch, arguments.seed % 2**31)
        models[spec[0]] = (model.to(kind), path)
    say("models are made")

    def attempt(what, do):
        if time.monotonic() > deadline:
            say(f"{what}: left out, time is up")
            return
        try:
            do()
        except Exception:
            say(f"{what} FAILED:\n{traceback.format_exc()[-2500:]}")
        save()

    attempt("edges", lambda: check_edges(ours, peer, models, random, results))
    model, path = models["distilroberta"]
    half = transformers.RobertaForSequenceClassification.from_pretrained(path, attn_implementation="sdpa", dtype=torch.bfloat16)
    half = half.eval().to(kind)
    n_tokens = 4_000 if arguments.rehearse else 200_000 if arguments.quick else 1_000_000
    for name, lengths in mixes(n_tokens, random).items():
        sequences = make_ids(lengths, model.config.vocab_size, random)
        repeat = 1 if arguments.rehearse else 10
        attempt(name, lambda: measure(ours, peer, name, model, half, path, sequences, repeat, results, deadline))
        if name == "512":
            def kernels():
                _, told = ours.run(path, sequences, 1, 1, ["--profile"], device=kind)
                results["kernels"] = told.get("kernels")
            def tuned():
                _, told = ours.run(path, sequences, 1, repeat, device=f"{kind}-tuned")
                results["tuned"] = told["tokens"] / told["seconds"]
            attempt("kernels", kernels)
            attempt("tuned", tuned)
    save()
    print(table(results), flush=True)


if __name__ == "__main__":
    main()
