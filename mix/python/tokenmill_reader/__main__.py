"""`python -m tokenmill_reader check SET` compares every byte with the manifest.

`documents SET` prints the ids of each piece as a line of JSON, `sequences SET` those of each training sequence with its
`cu_seqlens`.
"""
import argparse
import json
import sys

from .dataset import Dataset
from .errors import DataError
from .index import OpenShard, documents
from .reader import Reader


def main() -> int:
    """Runs one command; 1 when the data is damaged."""
    parser = argparse.ArgumentParser(prog="tokenmill_reader", description=__doc__)
    parser.add_argument("command", choices=["check", "documents", "sequences"])
    parser.add_argument("dataset", help="a run directory, an exported folder, or a manifest")
    arguments = parser.parse_args()
    try:
        dataset = Dataset(arguments.dataset)
        if arguments.command == "check":
            check(dataset)
            print(f"sound: {dataset.n_sequences} sequences, {dataset.n_tokens} tokens")
        elif arguments.command == "sequences":
            for batch in Reader(dataset):
                ids, bounds = batch[0].tokens[: batch[0].n_tokens], batch[0].cu_seqlens
                print(json.dumps({"tokens": ids.tolist(), "cu_seqlens": bounds.tolist()}))
        else:
            for shard in (shard for phase in dataset.phases for shard in phase.shards):
                for ids in documents(shard):
                    print(json.dumps(ids.tolist()))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check(dataset: Dataset) -> None:
    """Checks sizes, checksums, every number of every index, and every id."""
    dataset.check(full=True)
    largest = max(dataset.vocab_size - 1, dataset.bos or 0, dataset.eos or 0)
    for phase in dataset.phases:
        for shard in phase.shards:
            ids = OpenShard(shard, dataset.dtype, phase.context, check=True).ids
            if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) <= largest:
                raise DataError(f"`{shard.paths['bin']}` has ids from {ids.min()} to {ids.max()}, not 0 to {largest}")


if __name__ == "__main__":
    sys.exit(main())
