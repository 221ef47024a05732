"""Reads tokenmill's training shards: the same order at any number of ranks, resumable, checked, and fast.

NumPy is all that it needs. ``tokenmill_reader.torch_data`` is the only module that imports torch.
"""
from .batch import IGNORE, Batch, Sequence
from .dataset import Dataset, Phase, Shard
from .errors import DataError
from .index import Index, read_index, read_samples
from .order import Permutation
from .reader import Reader

__all__ = [
    "IGNORE", "Batch", "DataError", "Dataset", "Index", "Permutation", "Phase", "Reader", "Sequence", "Shard",
    "read_index", "read_samples",
]
