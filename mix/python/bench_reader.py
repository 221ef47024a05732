#!/usr/bin/env python3
"""Measure the reader: tokens per CPU-second, against reading the same ids from a bare memory map. Prints JSON."""
import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "tests")]

from synthetic import write_large  # noqa: E402
from tokenmill_reader import Dataset, Reader  # noqa: E402


def read(dataset, batch, epochs):
    """All tokens of all epochs, as a training loop would get them."""
    return sum(int(one.n_tokens.sum()) for one in Reader(dataset, batch=batch, epochs=epochs))


def read_bare(dataset, batch, epochs):
    """The same ids copied as int32 from memory maps, in rows of a context: no index, no order, no checks."""
    n_tokens = 0
    for phase in dataset.phases * epochs:
        step = batch * (phase.context or 4096)
        for shard in phase.shards:
            if shard.n_tokens:
                ids = np.memmap(shard.paths["bin"], dataset.dtype, "r")
                for first in range(0, len(ids), step):
                    n_tokens += len(ids[first : first + step].astype(np.int32))
    return n_tokens


def measure(function, *arguments):
    """What a function reads in a CPU-second; the best of three times, so that the files are in memory."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        n_tokens = function(*arguments)
        best = min(best, time.process_time() - start)
    return {"tokens": n_tokens, "cpu_s": round(best, 4), "tokens_per_cpu_s": round(n_tokens / best)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="?", help="a set of shards; without one, a set of random ids is made")
    parser.add_argument("--tokens", type=int, default=100_000_000, help="size of the set that is made")
    parser.add_argument("--context", type=int, default=8192, help="context of the set that is made")
    parser.add_argument("--dtype", choices=["int32", "uint16"], default="int32")
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.dataset is None:
            write_large(folder, arguments.tokens, arguments.context, arguments.dtype)
        dataset = Dataset(arguments.dataset or folder)
        result = {
            "context": dataset.phases[0].context,
            "batch": arguments.batch,
            "dtype": dataset.dtype.name,
            "reader": measure(read, dataset, arguments.batch, 1),
            "reader_two_epochs": measure(read, dataset, arguments.batch, 2),
            "memmap": measure(read_bare, dataset, arguments.batch, 1),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
