#!/usr/bin/env python3
"""Print the documents of a Megatron shard as JSON lines of token ids; an independent reader for tests.

usage: read_megatron.py PREFIX        reads PREFIX.bin and PREFIX.idx, needs numpy
"""
import json
import sys

import numpy

DTYPES = {8: numpy.dtype("<u2"), 4: numpy.dtype("<i4")}


def read(prefix):
    """Yields one array of ids per document."""
    with open(prefix + ".idx", "rb") as file:
        index = file.read()
    if index[:9] != b"MMIDIDX\0\0":
        sys.exit(f"{prefix}.idx is not a Megatron index")
    version, = numpy.frombuffer(index, "<u8", 1, 9)
    dtype = DTYPES[index[17]]
    n_sequences, n_boundaries = (int(n) for n in numpy.frombuffer(index, "<u8", 2, 18))
    if version != 1:
        sys.exit(f"{prefix}.idx has version {version}")
    lengths = numpy.frombuffer(index, "<i4", n_sequences, 34)
    pointers = numpy.frombuffer(index, "<i8", n_sequences, 34 + 4 * n_sequences)
    boundaries = numpy.frombuffer(index, "<i8", n_boundaries, 34 + 12 * n_sequences)
    if len(index) != 34 + 12 * n_sequences + 8 * n_boundaries:
        sys.exit(f"{prefix}.idx has the wrong size")
    ids = numpy.fromfile(prefix + ".bin", dtype)
    for first, end in zip(boundaries[:-1], boundaries[1:]):
        pieces = [ids[p // dtype.itemsize:][:n] for p, n in zip(pointers[first:end], lengths[first:end])]
        yield numpy.concatenate(pieces) if pieces else ids[:0]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for document in read(sys.argv[1]):
        print(json.dumps(document.tolist()))
