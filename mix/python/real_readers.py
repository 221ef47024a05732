#!/usr/bin/env python3
"""Open an exported set in a reader of another project, and print what it finds as lines of JSON.

The forms by documents print lists of ids, as `python -m tokenmill_reader documents` does; `mds` prints training
sequences, as `python -m tokenmill_reader sequences` does. `tests/readers.txt` has the versions that are known to work
over Debian's python3-torch, without PyPI's torch. Their packages import far more than their readers need (cloud
clients, image models, a GPU's kernels), so of two of them only the modules that read files are imported.
"""
import argparse
import csv
import gzip
import importlib.util
import json
import sys
import types
from pathlib import Path
from unittest import mock

import numpy

NOT_INSTALLED = 3
"""The exit status when the reader is not there."""


def without_inits(*packages):
    """Makes packages importable without what their `__init__` imports."""
    for package in packages:
        parent, _, name = package.rpartition(".")
        if parent:
            locations = [str(Path(place, name)) for place in sys.modules[parent].__path__]
        else:
            spec = importlib.util.find_spec(package)
            if spec is None:
                raise ImportError(f"No module named '{package}'")
            locations = list(spec.submodule_search_locations)
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = locations


def megatron(folder):
    """The documents of `.bin` and `.idx`, by megatron-core's `IndexedDataset`."""
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    card = json.loads((folder / "dataset.json").read_bytes())
    for shard in (shard for phase in card["phases"] for shard in phase["shards"]):
        # Megatron maps the ids, and an empty file cannot be mapped.
        if shard["n_tokens"]:
            dataset = IndexedDataset(str(folder / shard["prefix"]))
            bounds = dataset.document_indices.tolist()
            for first, end in zip(bounds, bounds[1:]):
                yield [int(token) for at in range(first, end) for token in dataset[at]]


def mds(folder):
    """The training sequences of MDS, by mosaicml-streaming's `LocalDataset`, which checks each file's sha256."""
    without_inits("streaming", "streaming.base")
    from streaming.base.hashing import get_hash
    from streaming.base.local import LocalDataset

    for phase in in_order(folder, "index.json"):
        for shard in LocalDataset(str(phase.parent)).shards:
            found = get_hash("sha256", (phase.parent / shard.raw_data.basename).read_bytes())
            if found != shard.raw_data.hashes.get("sha256", found):
                sys.exit(f"`{shard.raw_data.basename}` has another sha256 than its index says")
            for at in range(shard.samples):
                sample = shard[at]
                yield {"tokens": sample["tokens"].tolist(), "cu_seqlens": sample["cu_seqlens"].tolist()}


def olmo(folder):
    """The documents of `.npy` and `.csv.gz`, by NumPy alone as OLMo-core describes them."""
    for path in in_order(folder, ".npy"):
        ids = numpy.fromfile(path, dtype_of(folder))
        with gzip.open(path.with_suffix(".csv.gz"), "rt", newline="") as lines:
            for start, end, *_ in csv.reader(lines):
                yield ids[int(start) : int(end)].tolist()


def olmo_core(folder):
    """The documents of `.npy` and `.csv.gz`, by ai2-olmo-core's own functions."""
    # It fetches remote files; ours are local.
    for cloud in ("cached_path", "cached_path.schemes"):
        sys.modules[cloud] = mock.MagicMock(cached_path=lambda path, **_: Path(path))
    without_inits("olmo_core", "olmo_core.data")
    from olmo_core.data.utils import iter_document_indices, load_array_slice

    dtype = getattr(numpy, dtype_of(folder).name)
    for path in in_order(folder, ".npy"):
        for start, end in iter_document_indices(path):
            yield load_array_slice(path, start, end, dtype).tolist()


def in_order(folder, ending):
    """The files of an export with this ending, in the order in which a trainer reads them."""
    files = json.loads((folder / "export.json").read_bytes())["files"]
    return [folder / file["name"] for file in files if file["name"].endswith(ending)]


def dtype_of(folder):
    """The type of the ids of an export."""
    return numpy.dtype(json.loads((folder / "export.json").read_bytes())["dtype"])


READERS = {"megatron": megatron, "mds": mds, "olmo": olmo, "olmo-core": olmo_core}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("folder", type=Path, help="a folder that `tokenmill mix export` has filled")
    arguments = parser.parse_args()
    try:
        for found in READERS[arguments.reader](arguments.folder):
            print(json.dumps(found))
    except ImportError as error:
        print(f"not installed: the reader `{arguments.reader}`: {error}", file=sys.stderr)
        return NOT_INSTALLED
    return 0


if __name__ == "__main__":
    sys.exit(main())
