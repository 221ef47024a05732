"""The files of one shard: Megatron's `.idx`, the `.samples` of training sequences, and the ids in `.bin`.

The layout of `.idx` is that of Megatron-LM, megatron/core/datasets/indexed_dataset.py: magic, u64 version, u8 dtype,
u64 sequences, u64 document boundaries; then i32 lengths, i64 byte pointers, i64 first sequences of documents.
"""
import mmap
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional

import numpy as np

from .dataset import Shard
from .errors import DataError

MAGIC = b"MMIDIDX\0\0"
HEADER_BYTES = 34
CODES = {4: np.dtype("<i4"), 8: np.dtype("<u2")}
"""Codes of the types of ids. Megatron knows more, but no tokenizer needs them."""


@dataclass(frozen=True)
class Index:
    """An index whose every number has been checked: pieces lie in `.bin` end to end. Arrays are views of the file."""

    dtype: np.dtype
    lengths: np.ndarray
    """Tokens of each piece."""
    pointers: np.ndarray
    """First byte of each piece in `.bin`."""
    documents: np.ndarray
    """First piece of each document, and one number more: the number of pieces."""

    def starts_between(self, begin: int, end: int) -> np.ndarray:
        """Where pieces start in `.bin`, in tokens, strictly between two places; pieces without tokens count once."""
        size = self.dtype.itemsize
        first = bisect_right(self.pointers, begin * size)
        last = bisect_left(self.pointers, end * size, first)
        starts = self.pointers[first:last] // size
        if len(starts) > 1 and (starts[1:] == starts[:-1]).any():
            starts = np.unique(starts)
        return starts


def read_index(path: Path, bin_bytes: Optional[int] = None, check: bool = True) -> Index:
    """Reads an index.

    ``bin_bytes`` is the size of the `.bin` beside it; the pieces must fill it. Without ``check``, only the header and
    the size of the file are looked at, for an index that has been checked before.

    Raises:
        DataError: the file is no index, is cut off, or has numbers that cannot be.
    """
    content = map_file(path)
    hint = "; hint: copy the file again from where it was made"
    if len(content) < HEADER_BYTES or content[: len(MAGIC)].tobytes() != MAGIC:
        raise DataError(f"`{path}` is not a Megatron index{hint}")
    (version,) = np.frombuffer(content, "<u8", 1, 9)
    if version != 1:
        raise DataError(f"`{path}` has version {version} of Megatron's index, and only version 1 exists")
    code = int(content[17])
    if code not in CODES:
        raise DataError(f"`{path}` stores ids as type {code}; known are 4 (int32) and 8 (uint16)")
    n_pieces, n_boundaries = (int(number) for number in np.frombuffer(content, "<u8", 2, 18))
    wanted = HEADER_BYTES + 12 * n_pieces + 8 * n_boundaries
    # Megatron may add one byte per piece, for modes that text does not have.
    if len(content) not in (wanted, wanted + n_pieces):
        raise DataError(f"`{path}` has {len(content)} bytes, and its header needs {wanted}{hint}")
    index = Index(
        CODES[code],
        np.frombuffer(content, "<i4", n_pieces, HEADER_BYTES),
        np.frombuffer(content, "<i8", n_pieces, HEADER_BYTES + 4 * n_pieces),
        np.frombuffer(content, "<i8", n_boundaries, HEADER_BYTES + 12 * n_pieces),
    )
    if check:
        problem = _problem(index, bin_bytes)
        if problem:
            raise DataError(f"`{path}` is damaged: {problem}{hint}")
    return index


def read_samples(path: Path, n_tokens: int, context: int, check: bool = True) -> np.ndarray:
    """Where sequences begin in `.bin`, in tokens, and one number more: where the last one ends.

    Raises:
        DataError: the numbers do not rise from 0 to ``n_tokens``, or a sequence is longer than ``context`` (0: any).
    """
    content = map_file(path)
    if len(content) < 8 or len(content) % 8:
        raise DataError(f"`{path}` has {len(content)} bytes, which is no list of u64")
    offsets = content.view("<u8")
    if not check:
        return offsets
    if int(offsets[0]) != 0 or int(offsets[-1]) != n_tokens:
        raise DataError(f"`{path}` goes from {offsets[0]} to {offsets[-1]}, not from 0 to {n_tokens} tokens")
    if (offsets[1:] < offsets[:-1]).any():
        raise DataError(f"`{path}` is damaged: its offsets go backwards")
    longest = int((offsets[1:] - offsets[:-1]).max()) if len(offsets) > 1 else 0
    if context and longest > context:
        raise DataError(f"`{path}` has a sequence of {longest} tokens, and the context has {context}")
    return offsets


class OpenShard:
    """The files of one shard, mapped into memory."""

    def __init__(self, shard: Shard, dtype: np.dtype, context: int, check: bool):
        for kind in ("bin", "idx", "samples"):
            path = shard.paths[kind]
            size = path.stat().st_size if path.is_file() else None
            if size != shard.bytes[kind]:
                found = "is missing" if size is None else f"has {size} bytes and should have {shard.bytes[kind]}"
                raise DataError(f"`{path}` {found}; hint: copy it again from where it was made")
        self.index = read_index(shard.paths["idx"], shard.bytes["bin"], check)
        if self.index.dtype != dtype:
            raise DataError(f"`{shard.paths['idx']}` has ids of type {self.index.dtype}, and its manifest says {dtype}")
        if len(self.index.lengths) != shard.n_pieces:
            n_pieces = len(self.index.lengths)
            raise DataError(f"`{shard.paths['idx']}` has {n_pieces} pieces, and its manifest says {shard.n_pieces}")
        self.offsets = read_samples(shard.paths["samples"], shard.n_tokens, context, check)
        self.ids = map_file(shard.paths["bin"]).view(dtype)
        self.pieces: Optional[Path] = shard.paths.get("pieces")


    def documents(self, begin: int, end: int) -> List[str]:
        """The documents of the pieces that have a token between two places."""
        size = self.index.dtype.itemsize
        first = max(0, bisect_right(self.index.pointers, begin * size) - 1)
        last = bisect_left(self.index.pointers, end * size, first)
        ids = piece_ids(self.pieces, len(self.index.lengths))
        return [ids[at] for at in range(first, last) if self.index.lengths[at] > 0]


def piece_ids(path: Optional[Path], n_pieces: int) -> List[str]:
    """The document of each piece of a shard, from the column `id` of its table of pieces."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise DataError("documents need pyarrow; hint: pip install pyarrow") from None
    if path is None or not path.is_file():
        raise DataError(f"there is no table of pieces `{path}`; hint: export the set with its pieces")
    ids = parquet.read_table(path, columns=["id"]).column("id").to_pylist()
    if len(ids) != n_pieces:
        raise DataError(f"`{path}` has {len(ids)} pieces, and the index has {n_pieces}")
    return [one.hex() if isinstance(one, bytes) else str(one) for one in ids]


def documents(shard: Shard) -> Iterator[np.ndarray]:
    """The ids of each document of a shard, as Megatron would find them."""
    index = read_index(shard.paths["idx"], shard.bytes["bin"])
    ids = map_file(shard.paths["bin"]).view(index.dtype)
    ends = (index.pointers // index.dtype.itemsize) + index.lengths
    starts = index.pointers // index.dtype.itemsize
    for first, end in zip(index.documents[:-1].tolist(), index.documents[1:].tolist()):
        yield ids[starts[first] : ends[end - 1]] if end > first else ids[:0]


def map_file(path: Path) -> np.ndarray:
    """The bytes of a file, which stay on disk until they are looked at."""
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        if file.seek(0, 2) == 0:
            return np.empty(0, np.uint8)
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def _problem(index: Index, bin_bytes: Optional[int]) -> Optional[str]:
    """What is wrong with the numbers of an index."""
    if (index.lengths < 0).any():
        return "a piece has a negative length"
    ends = np.cumsum(index.lengths, dtype=np.int64) * index.dtype.itemsize
    if len(ends) and (index.pointers[0] != 0 or (index.pointers[1:] != ends[:-1]).any()):
        return "the pieces do not lie end to end"
    end = int(ends[-1]) if len(ends) else 0
    if bin_bytes is not None and end != bin_bytes:
        return f"its pieces end at byte {end}, and the ids have {bin_bytes} bytes"
    boundaries = index.documents
    if not len(boundaries) or boundaries[0] != 0 or boundaries[-1] != len(index.lengths):
        return "the documents do not cover the pieces"
    if (boundaries[1:] < boundaries[:-1]).any():
        return "the documents go backwards"
    return None
