#!/usr/bin/env python3
"""Print the documents of a Megatron shard as JSON lines of token ids.

Written from the format alone (Megatron-LM, megatron/core/datasets/indexed_dataset.py) and with numpy alone, so that it
can check shards independently of the program that wrote them.
"""
import argparse
import json
import sys

import numpy

MAGIC = b"MMIDIDX\0\0"
DTYPES = {1: "<u1", 2: "<i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f8", 7: "<f4", 8: "<u2"}
HEADER_BYTES = len(MAGIC) + 8 + 1 + 8 + 8


def read_index(path):
    """The dtype of the ids, and per sequence its length and its first byte, and the first sequence of each document."""
    with open(path, "rb") as file:
        index = file.read()
    if not index.startswith(MAGIC):
        sys.exit(f"`{path}` is not a Megatron index")
    (version,) = numpy.frombuffer(index, "<u8", 1, 9)
    n_sequences, n_boundaries = (int(n) for n in numpy.frombuffer(index, "<u8", 2, 18))
    if version != 1 or len(index) != HEADER_BYTES + 12 * n_sequences + 8 * n_boundaries:
        sys.exit(f"`{path}` has version {version} or the wrong size")
    lengths = numpy.frombuffer(index, "<i4", n_sequences, HEADER_BYTES)
    pointers = numpy.frombuffer(index, "<i8", n_sequences, HEADER_BYTES + 4 * n_sequences)
    boundaries = numpy.frombuffer(index, "<i8", n_boundaries, HEADER_BYTES + 12 * n_sequences)
    return numpy.dtype(DTYPES[index[17]]), lengths, pointers, boundaries


def documents(prefix):
    """Yields one array of ids per document."""
    dtype, lengths, pointers, boundaries = read_index(prefix + ".idx")
    ids = numpy.fromfile(prefix + ".bin", dtype)
    starts = pointers // dtype.itemsize
    for first, end in zip(boundaries[:-1], boundaries[1:]):
        sequences = [ids[start : start + length] for start, length in zip(starts[first:end], lengths[first:end])]
        yield numpy.concatenate(sequences) if sequences else ids[:0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prefix", nargs="+", help="path of a shard, without .bin and .idx")
    for prefix in parser.parse_args().prefix:
        for document in documents(prefix):
            print(json.dumps(document.tolist()))


if __name__ == "__main__":
    main()
