"""Small sets of shards, written with NumPy alone from the description of the format, and what a reader must find."""
import hashlib
import json
import struct
from pathlib import Path

import numpy as np

DTYPES = {"int32": ("<i4", 4), "uint16": ("<u2", 8)}


def pack(lengths, context, packing):
    """Token offsets of the sequences of pieces that lie end to end."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(int).tolist()
    if packing == "none":
        return ends
    if packing == "concat":
        return list(range(0, ends[-1], context)) + [ends[-1]] if ends[-1] else [0]
    offsets = [0]
    for start, end in zip(ends, ends[1:]):
        # Whole pieces as long as they fit: what best fit would lay down, too.
        if end - offsets[-1] > context:
            offsets.append(start)
    return offsets + ([ends[-1]] if ends[-1] > offsets[-1] else [])


def idx_bytes(lengths, dtype):
    """A Megatron index in which each piece is a document."""
    size, code = np.dtype(DTYPES[dtype][0]).itemsize, DTYPES[dtype][1]
    lengths = np.asarray(lengths, "<i4")
    pointers = np.concatenate([[0], np.cumsum(lengths, dtype="<i8")])[:-1].astype("<i8") * size
    header = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, code, len(lengths), len(lengths) + 1)
    return header + lengths.tobytes() + pointers.tobytes() + np.arange(len(lengths) + 1, dtype="<i8").tobytes()


def write_shard(root, prefix, pieces, context, dtype="int32", packing="concat"):
    """Writes one shard; returns its card, and its ids, the offsets of its sequences, and the ends of its pieces."""
    lengths = [len(piece) for piece in pieces]
    ids = np.concatenate([np.asarray(piece, np.int64) for piece in pieces] or [np.empty(0)]).astype(DTYPES[dtype][0])
    offsets = pack(lengths, context, packing)
    contents = {
        "bin": ids.tobytes(),
        "idx": idx_bytes(lengths, dtype),
        "samples": np.asarray(offsets, "<u8").tobytes(),
        "pieces": b"",
    }
    card = {"prefix": prefix, "n_documents": len(pieces), "n_pieces": len(pieces), "n_tokens": len(ids)}
    card["n_sequences"] = len(offsets) - 1
    card["sha256"] = {}
    for kind, content in contents.items():
        key = f"{prefix}.{kind}" if kind != "pieces" else f"{prefix}.pieces.parquet"
        path = Path(root, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        card[kind] = {"key": key, "bytes": len(content), "rows": 0, "digest": ""}
        if kind != "pieces":
            card["sha256"][kind] = hashlib.sha256(content).hexdigest()
    return card, (ids, offsets, np.cumsum(lengths).tolist())


def sequences(ids, offsets, ends):
    """The ids of each sequence, and its boundaries: its begin, the ends of pieces inside it, and its end."""
    for first, last in zip(offsets, offsets[1:]):
        inner = sorted({end - first for end in ends if first < end < last})
        yield ids[first:last].tolist(), [0] + inner + [last - first]


def write_set(root, phases, dtype="int32", packing="concat", seed=1, vocab_size=1000, version=2, expect=True):
    """Writes a set; ``phases`` are (name, context, shards), and a shard is a list of pieces.

    Returns all its sequences in order, if asked to: (phase, ids, cu_seqlens).
    """
    cards, expected = [], []
    for number, (name, context, shards) in enumerate(phases):
        written = [
            write_shard(root, f"shards/{number}-{at}", pieces, context, dtype, packing)
            for at, pieces in enumerate(shards)
        ]
        counts = ("n_documents", "n_pieces", "n_tokens", "n_sequences")
        card = {"name": name, "context": context, "n_truncated": 0, "groups": []}
        card.update({count: sum(shard[count] for shard, _ in written) for count in counts})
        card["shards"] = [shard for shard, _ in written]
        cards.append(card)
        if expect:
            expected.extend((name, *sequence) for _, parts in written for sequence in sequences(*parts))
    manifest = {
        "version": version, "format": "megatron", "dtype": dtype, "seed": seed, "packing": packing, "long": "fragment",
        "tokenizer": {"name": "none", "sha256": "", "vocab_size": vocab_size, "bos": None, "eos": 0},
        "phases": cards, "lineage": {"sources": [], "phase": "", "objects": ""},
    }
    manifest.update({count: sum(card[count] for card in cards) for count in ("n_documents", "n_tokens", "n_sequences")})
    Path(root, "dataset.json").write_text(json.dumps(manifest))
    return expected


def pieces(rng, n_tokens, mean=40, vocab_size=1000, empty=True):
    """Pieces of some tokens together, some of them empty; each ends with id 0."""
    made, n_left = [], n_tokens
    while n_left > 0:
        length = min(n_left, int(rng.integers(1, 2 * mean)))
        made.append(rng.integers(1, vocab_size, length).tolist()[:-1] + [0])
        n_left -= length
        if empty and rng.random() < 0.1:
            made.append([])
    return made


def write_usual(root, dtype="int32", packing="concat", n_tokens=3000):
    """Two phases with contexts 64 and 128, and shards of different sizes, one of them empty."""
    rng = np.random.default_rng(7)
    mean = 20 if packing == "best_fit" else 40
    shards = lambda sizes: [pieces(rng, size, mean) for size in sizes]  # noqa: E731
    phases = [("main", 64, shards([n_tokens, 0, n_tokens // 2])), ("long", 128, shards([n_tokens, n_tokens // 3]))]
    return write_set(root, phases, dtype, packing)


def write_large(root, n_tokens, context=8192, dtype="int32", mean=1000, n_shards=4):
    """One phase of random ids, quickly made: for measuring."""
    rng = np.random.default_rng(1)
    shards = []
    for _ in range(n_shards):
        ids = rng.integers(0, 50_000, n_tokens // n_shards)
        cuts = np.cumsum(rng.integers(1, 2 * mean, len(ids) // mean))
        shards.append(np.split(ids, cuts[cuts < len(ids)]))
    write_set(root, [("main", context, shards)], dtype, vocab_size=50_000, expect=False)
