#!/usr/bin/env python3
"""Turns a BERT classifier that is published as ONNX only, in 8 bits or in float32, into a folder that `score.encoder` reads.

  from_onnx.py MODEL.onnx CONFIG.json OUT --head main_head main injection --temperature 2.41

`MODEL.onnx` is what PyTorch exports of a `BertModel` with linear heads on the mean of the tokens, or on the first one;
ONNX Runtime's dynamic quantization may have been over it. `CONFIG.json` is the trunk's. Each `--head` is the head's name in
the graph, its name in the new model, and the label that its sigmoid is the probability of. Weights in 8 bits are multiplied
out; activations are not rounded any more, so scores differ from ONNX Runtime's by what that rounding costs.
Copy `tokenizer.json` beside the result. The package `onnx` is needed.
"""

import argparse
import json
import pathlib
import re

import numpy
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file


def matrices(graph):
    """All matrices and vectors in float32, by the names that PyTorch had for them; matrices as PyTorch has them."""
    initial = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name: value for name, value in initial.items() if re.fullmatch(r"[\w.]+\.(weight|bias)", name)}
    for node in graph.node:
        place = re.sub(r"/(Gemm_)?MatMul(_quant)?$", "", node.name).strip("/").replace("/", ".")
        if node.op_type == "MatMulInteger" and node.input[1] in initial:
            base = node.input[1].removesuffix("_quantized")
            found[f"{place}.weight"] = multiplied(initial, base).T
        elif node.op_type == "MatMul" and node.input[1] in initial:
            found[f"{place}.weight"] = initial[node.input[1]].T
    for name in initial:
        # Tables of embeddings, of which rows are taken before they are multiplied out.
        base = name.removesuffix("_quantized")
        if base != name and base.endswith("embeddings.weight"):
            found[base] = multiplied(initial, base)
    return {name: numpy.ascontiguousarray(value, dtype=numpy.float32) for name, value in found.items()}


def multiplied(initial, base):
    """A matrix from its bytes; scales are one for all, or one for each column."""
    quantized, zero, scale = (initial[f"{base}_{part}"] for part in ("quantized", "zero_point", "scale"))
    return (quantized.astype(numpy.float32) - zero.astype(numpy.float32)) * scale


def convert(path, config_path, out, heads, pooling, temperature):
    """Writes `config.json` and `model.safetensors`."""
    tensors = matrices(onnx.load(path).graph)
    config = json.loads(pathlib.Path(config_path).read_text(encoding="utf8"))
    words = "embeddings.word_embeddings.weight"
    prefix = next((name.removesuffix(words) for name in tensors if name.endswith(words)), None)
    if prefix is None:
        raise SystemExit(f"`{path}` has no table of words: it is not the export of a BERT model")
    model, specs = {}, []
    for name, value in tensors.items():
        if name.startswith((f"{prefix}embeddings.", f"{prefix}encoder.")):
            model[name.removeprefix(prefix)] = value
    for old, new, label in heads:
        # Only the sigmoid of a logit divided by the temperature is wanted, so it goes into the weights.
        for part in ("weight", "bias"):
            if f"{old}.{part}" not in tensors:
                raise SystemExit(f"`{path}` has no `{old}.{part}`; it has {', '.join(sorted(set(tensors) - set(model)))}")
            model[f"heads.{new}.out.{part}"] = (tensors[f"{old}.{part}"] / temperature).astype(numpy.float32)
        specs.append({"name": new, "kind": "any_of", "pooling": pooling, "labels": [label]})
    config["tokenmill_heads"] = specs
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    save_file(model, str(out / "model.safetensors"), metadata={"format": "pt"})


def main(argv=None):
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--head", nargs=3, action="append", required=True, metavar=("IN_GRAPH", "NAME", "LABEL"))
    parser.add_argument("--pooling", choices=("first", "mean"), default="mean", help="what the heads see")
    parser.add_argument("--temperature", type=float, default=1.0, help="logits are divided by this before the sigmoid")
    options = parser.parse_args(argv)
    convert(options.model, options.config, options.out, options.head, options.pooling, options.temperature)


if __name__ == "__main__":
    main()
