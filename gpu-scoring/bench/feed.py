#!/usr/bin/env python3
"""Feeds a device through the whole program and says how long it had nothing to do.

  feed.py --program tokenmill --out FOLDER [--model MODEL] [--device cuda] [--files 48] [--documents 4000]

Documents are put together from the lines of this repository's pages, about 3 KB each, and written as Parquet; a byte-level
vocabulary is learned from them and given to MODEL, a folder with config.json and model.safetensors; without one, to a
DistilRoBERTa of random weights, which needs PyTorch and transformers as gpu.py does. Then
`tokenmill run` reads the files, stores the documents and scores them from what it has stored; the last line of its standard
error has the figure. Needs pyarrow and tokenizers.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import pyarrow
import pyarrow.parquet
import tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPE = """[run]
name = "feed"
root = "{root}"
[source]
kind = "parquet"
paths = ["{documents}/*.parquet"]
[[step]]
use = "score.encoder"
model = "{model}"
"""


def lines():
    """Lines of prose, of all pages."""
    text = "\n".join(path.read_text() for path in sorted(ROOT.glob("**/*.md")) if "target" not in path.parts)
    return [line for line in text.splitlines() if len(line) > 40]


def write_documents(folder, prose, n_files, n_documents):
    """Files of documents whose lengths vary as those of the web do: lognormal, about 3 KB on average."""
    folder.mkdir(parents=True)
    dice = random.Random(1)
    for file in range(n_files):
        texts = []
        for _ in range(n_documents):
            n = max(1, round(dice.lognormvariate(3.0, 0.8)))
            texts.append("\n".join(dice.choices(prose, k=n)))
        pyarrow.parquet.write_table(pyarrow.table({"text": texts}), folder / f"{file:04}.parquet", compression="zstd")


def write_vocabulary(folder, prose, n_words):
    """A tokenizer.json in RoBERTa's form, with at most so many ids."""
    vocabulary = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary.train_from_iterator(prose, vocab_size=n_words, special_tokens=special, show_progress=False)
    vocabulary.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    vocabulary.save(str(folder / "tokenizer.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--files", type=int, default=48)
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    prose = lines()
    folder = options.out / "feed"
    shutil.rmtree(folder, ignore_errors=True)
    write_documents(folder / "documents", prose, options.files, options.documents)
    if options.model is None:
        import gpu

        _, path = gpu.make_model(gpu.distil_roberta(), str(folder), 1)
        options.model = pathlib.Path(path)
    write_vocabulary(options.model, prose, json.loads((options.model / "config.json").read_text())["vocab_size"])
    recipe = folder / "feed.toml"
    recipe.write_text(RECIPE.format(root=folder, documents=folder / "documents", model=options.model))
    begin = time.monotonic()
    command = [options.program, "run", recipe, "--device", options.device, "--threads", str(options.threads)]
    ran = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print(f"whole run: {time.monotonic() - begin:.1f} s with {options.threads} threads")
    if ran.returncode != 0:
        raise SystemExit(ran.stderr)
    used = [line for line in ran.stderr.splitlines() if "idle" in line][-1]
    print(used)
    found = re.search(r"(\d+) sequences of (\d+) tokens in ([\d.]+) s, (\d+) tokens/s, idle ([\d.]+) %", used)
    names = ("sequences", "tokens", "seconds", "tokens_per_second", "idle_percent")
    figures = dict(zip(names, map(float, found.groups()), strict=True))
    figures["device"] = re.search(r" on (.*): \d+ sequences", used)[1]
    (options.out / "feed.json").write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
