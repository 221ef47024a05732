"""Near-duplicates by the peers from PyPI: the ids of the documents that a peer keeps.

usage: dedup_peers.py PEER OUT FILE...: PEER is `rensa`, `rensa-rho` or `datatrove`, FILE has JSON lines of `id` and
`text`. OUT becomes a folder with KEPT.ids, an id a line. All take word 5-grams, 112 hashes in 14 bands, and one thread.
"""

import json
import pathlib
import shutil
import sys

N_HASHES, N_BANDS, WORDS = 112, 14, 5
# What rensa asks of the estimate for two documents of one band; datatrove asks nothing.
THRESHOLD = 0.7


def documents(files):
    for file in files:
        with open(file, encoding="utf8") as lines:
            yield from map(json.loads, lines)


def shingles(text):
    words = text.split()
    return [" ".join(words[at : at + WORDS]) for at in range(max(1, len(words) - WORDS + 1))]


def rensa(files, _):
    """As the README keeps unique documents: R-MinHash, bands, and a check of the estimate."""
    from rensa import RMinHashDeduplicator

    ids = []

    def entries():
        for document in documents(files):
            ids.append(document["id"])
            yield document["id"], shingles(document["text"])

    dedup = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=N_HASHES, use_lsh=True, num_bands=N_BANDS)
    kept = dedup.add_pairs(entries())
    return [name for name, is_kept in zip(ids, kept, strict=True) if is_kept]


def rensa_rho(files, _):
    """As the README's figures were made: sampled shingles, a matrix, and one pass that flags whatever has a twin."""
    from rensa import RMinHash, RMinHashLSH

    ids = []

    def sets():
        for document in documents(files):
            ids.append(document["id"])
            yield shingles(document["text"])

    matrix = RMinHash.digest_matrix_from_token_sets_rho(sets(), N_HASHES, 42)
    flags = RMinHashLSH(THRESHOLD, N_HASHES, N_BANDS).query_duplicate_flags_matrix_one_shot(matrix)
    return [name for name, is_duplicate in zip(ids, flags, strict=True) if not is_duplicate]


def datatrove(files, folder):
    """The four steps that made FineWeb, one task each, as in its examples."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter

    if len(files) != 1:
        sys.exit("datatrove is given one file")
    file = pathlib.Path(files[0])
    reader = JsonlReader(str(file.parent), glob_pattern=file.name)
    config = MinhashConfig(n_grams=WORDS, num_buckets=N_BANDS, hashes_per_bucket=N_HASHES // N_BANDS)
    signatures, buckets, removed, kept = (str(folder / name) for name in ("signatures", "buckets", "removed", "kept"))
    steps = [
        (1, [reader, MinhashDedupSignature(signatures, config)]),
        (N_BANDS, [MinhashDedupBuckets(signatures, buckets, config=config)]),
        (1, [MinhashDedupCluster(buckets, removed, config=config)]),
        (1, [reader, MinhashDedupFilter(removed), JsonlWriter(kept, compression=None)]),
    ]
    for at, (tasks, pipeline) in enumerate(steps):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / f"logs{at}")).run()
    return [document["id"] for document in documents(sorted((folder / "kept").iterdir()))]


peer, out, *files = sys.argv[1:]
folder = pathlib.Path(out)
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
kept = {"rensa": rensa, "rensa-rho": rensa_rho, "datatrove": datatrove}[peer](files, folder)
(folder / "KEPT.ids").write_text("".join(f"{name}\n" for name in kept), encoding="utf8")
