#!/usr/bin/env python3
"""Times a random DistilRoberta on one core: ours, ONNX Runtime, PyTorch; and how far each is from float64. Prints JSON.

  cpu.py ENCODE FOLDER [--sequences 8] [--tokens 128] [--rounds 3] [--seed N]

ENCODE is the example `encode` of the crate, FOLDER a place for models (0.9 GB). Packages: torch, and of
`gpu-scoring/train/requirements.txt` and tests/readers.txt transformers, onnx and onnxruntime. Everybody gets the same sequences,
all of one length so that nobody pads, one thread, and a run that is not counted; what counts is CPU time of the process, the
least of all rounds, as other work on the machine only ever adds to it.
"""

import argparse
import json
import os
import pathlib
import struct
import subprocess
import time

# Before any library looks.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic

OPERATIONS = 2 * 6 * 768 * (4 * 768 + 2 * 3072)
"""In the matrices of the layers, for a token."""


def model(folder, seed):
    """DistilRoberta's sizes, and random weights that tell texts apart."""
    torch.manual_seed(seed)
    config = transformers.RobertaConfig(
        vocab_size=50265, hidden_size=768, num_hidden_layers=6, num_attention_heads=12, intermediate_size=3072,
        max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, hidden_act="gelu_pytorch_tanh", num_labels=2,
    )  # fmt: skip
    made = transformers.RobertaForSequenceClassification(config).eval()
    for name, weight in made.named_parameters():
        weight.data += torch.randn_like(weight) * (0.1 if name.startswith("classifier") else 0.02)
    made.save_pretrained(folder, safe_serialization=True)
    return made


def export(made, folder, ids):
    """The model as ONNX, and that with weights and activations in 8 bits."""
    exact, rounded = folder / "model.onnx", folder / "model-int8.onnx"
    axes = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"}, "logits": {0: "batch"}}
    sample = (torch.tensor(ids[:2]), torch.ones(2, len(ids[0]), dtype=torch.int64))
    with torch.no_grad():
        torch.onnx.export(
            made, sample, str(exact), input_names=["input_ids", "attention_mask"], output_names=["logits"],
            dynamic_axes=axes, opset_version=14,
        )  # fmt: skip
    quantize_dynamic(str(exact), str(rounded), weight_type=QuantType.QInt8)
    return exact, rounded


def session(path):
    """One thread, all optimisations."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def clocked(call):
    """What a call gives, and its seconds of CPU time, after one that is not counted."""
    call()
    begin = time.process_time()
    found = call()
    return numpy.asarray(found, dtype=numpy.float64), time.process_time() - begin


def ours(encode, folder, ids, device):
    """As `clocked`, by our program."""
    file, out = folder / "ids.bin", folder / "logits.bin"
    flat = [token for row in ids for token in row]
    file.write_bytes(struct.pack(f"<{1 + len(ids) + len(flat)}I", len(ids), *map(len, ids), *flat))
    command = [encode, str(folder / "model"), str(file), str(out), "--device", device, "--repeat", "1"]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    logits = numpy.frombuffer(out.read_bytes(), dtype="<f4").reshape(len(ids), -1).astype(numpy.float64)
    return logits, said["cpu_seconds"], said["device"]


def main():
    """Makes, checks, times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encode")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    options.folder.mkdir(parents=True, exist_ok=True)
    made = model(options.folder / "model", options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    draw = lambda n: torch.randint(5, 50265, (n, options.tokens), generator=generator).tolist()  # noqa: E731
    ids, checked = draw(options.sequences), draw(32)
    exact, rounded = (session(path) for path in export(made, options.folder, ids))

    def by_onnx(which):
        return lambda rows: which.run(None, {"input_ids": numpy.array(rows), "attention_mask": numpy.ones((len(rows), len(rows[0])), numpy.int64)})[0]

    def by_torch(rows):
        with torch.no_grad():
            return made(torch.tensor(rows)).logits.numpy()

    peers = {"ONNX Runtime, float32": by_onnx(exact), "ONNX Runtime, int8": by_onnx(rounded), "PyTorch, float32": by_torch}
    mine = {"tokenmill, float32": "cpu", "tokenmill, int8": "cpu-int8"}
    seconds, devices = {}, {}
    for _ in range(options.rounds):
        # In turns, so that what else the machine does hits all alike.
        for name, call in peers.items():
            seconds.setdefault(name, []).append(clocked(lambda call=call: call(ids))[1])
        for name, device in mine.items():
            _, used, devices[name] = ours(options.encode, options.folder, ids, device)
            seconds.setdefault(name, []).append(used)

    said = {name: numpy.concatenate([call(checked[at : at + 8]) for at in range(0, 32, 8)]) for name, call in peers.items()}
    said |= {name: ours(options.encode, options.folder, checked, device)[0] for name, device in mine.items()}
    double = made.double()
    with torch.no_grad():
        truth = numpy.concatenate([double(torch.tensor(checked[at : at + 8])).logits.numpy() for at in range(0, 32, 8)])
    n_tokens = options.sequences * options.tokens
    rows = []
    for name, times in seconds.items():
        off = numpy.abs(said[name] - truth)
        rows.append({
            "name": name, "sequences_per_second": options.sequences / min(times), "rounds": times,
            "gflops": OPERATIONS * n_tokens / min(times) / 1e9, "max_difference": off.max(), "mean_difference": off.mean(),
            "flips": int((said[name].argmax(1) != truth.argmax(1)).sum()),
        })  # fmt: skip
    print(json.dumps({
        "rows": rows, "sequences": options.sequences, "tokens": options.tokens, "checked": len(checked), "seed": options.seed,
        "spread": truth.std(0).tolist(), "device": devices["tokenmill, float32"], "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__, "transformers": transformers.__version__, "blas": blas(),
    }))  # fmt: skip


def blas():
    """The library that PyTorch multiplies with, where it is one of the system's."""
    with open("/proc/self/maps", encoding="utf8") as maps:
        names = {line.rsplit("/", 1)[-1].strip() for line in maps if "blas" in line or "mkl" in line}
    return ", ".join(sorted(name for name in names if name.startswith(("lib")) and "numpy" not in name))


if __name__ == "__main__":
    main()
