"""Runs one peer over the documents of `cargo xtask bench filters` and prints what that cost as JSON.

usage: filters_peers.py PEER ARGUMENT...

Seconds are CPU seconds of the process over the documents alone, without reading and building; the best of the rounds. What
a peer says of each document is written to a file where that is asked for.
"""

import functools
import json
import pathlib
import sys
import time


def rows(path):
    with open(path, encoding="utf8") as file:
        return [json.loads(line) for line in file]


def best(rounds, work):
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def write(path, values):
    with open(path, "w", encoding="utf8") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)


def n_bytes(documents):
    return sum(len(row["text"].encode()) for row in documents)


def fasttext_predict(model, documents, out):
    """The binding of most users: one call for each text. The empty loop is a call of the binding that predicts nothing."""
    import fasttext

    model = fasttext.load_model(model)
    lines = [row["text"].replace("\n", " ") for row in rows(documents)]
    seconds, found = best(3, lambda: [model.predict(line, 1, 0.0) for line in lines])
    empty, _ = best(3, lambda: [len(line) for line in lines])
    write(out, ([labels[0], float(scores[0])] if labels else [None, None] for labels, scores in found))
    return {"documents": len(lines), "seconds": seconds, "loop_seconds": empty}


def fasttext_wheel(folder, model, documents, out):
    """The official binding: all texts in one call, so that what is measured is the C++."""
    sys.path.insert(0, folder)
    import fasttext

    model = fasttext.load_model(model).f
    lines = [row["text"].replace("\n", " ") + "\n" for row in rows(documents)]
    seconds, (labels, scores) = best(3, lambda: model.multilinePredict(lines, 1, 0.0, "strict"))
    write(out, ([label[0], float(score[0])] if len(label) else [None, None] for label, score in zip(labels, scores)))
    return {"documents": len(lines), "seconds": seconds}


def datatrove_heuristics(documents):
    """The four filters of FineWeb; datatrove keeps the words of the last texts, so that together they share them."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.utils.text import split_into_parts

    texts = [row["text"] for row in rows(documents)]
    filters = {
        "gopher_quality": GopherQualityFilter(),
        "gopher_repetition": GopherRepetitionFilter(),
        "c4": C4QualityFilter(filter_no_terminal_punct=False),
        "fineweb": FineWebQualityFilter(),
    }

    def run(some):
        for text in texts:
            for one in some:
                one.filter(Document(text=text, id=""))
        split_into_parts.cache_clear()

    run(filters.values())
    seconds = {name: best(1, lambda: run([one]))[0] for name, one in filters.items()}
    seconds["together"] = best(1, lambda: run(filters.values()))[0]
    return {"documents": len(texts), "bytes": n_bytes(rows(documents)), "seconds": seconds}


def datatrove_pii(documents):
    from datatrove.pipeline.formatters.pii import PIIFormatter

    texts = [row["text"] for row in rows(documents)]
    formatter = PIIFormatter()
    seconds, _ = best(3, lambda: [formatter.format(text) for text in texts])
    return {"documents": len(texts), "bytes": n_bytes(rows(documents)), "seconds": seconds}


def datatrove_urls(documents, folder):
    """The integrated lists, given by hand so that nothing is unpacked into the home of the user."""
    import datatrove.utils._import_utils as utils
    from datatrove.data import Document
    from datatrove.pipeline.filters import URLFilter
    from tldextract import TLDExtract

    def words(name):
        return (pathlib.Path(utils.ASSETS_PATH) / name).read_text(encoding="utf8").splitlines(keepends=True)

    folder = pathlib.Path(folder)
    domains, urls = (open(folder / f"datatrove_{name}", encoding="utf8") for name in ("domains", "urls"))
    urls_filter = URLFilter(
        extra_domains=domains,
        extra_urls=urls,
        banned_words=words("banned_words.txt"),
        banned_subwords=words("banned_subwords.txt"),
        soft_banned_words=words("soft_banned_words.txt"),
        use_integrated_lists=False,
    )
    urls_filter.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)
    documents = [Document(text="x", id="", metadata={"url": row["url"]}) for row in rows(documents)]
    urls_filter.filter(documents[0])
    seconds, found = best(3, lambda: [urls_filter.filter(document) for document in documents])
    removed = sum(one is not True for one in found)
    return {"documents": len(documents), "seconds": seconds, "n_domains": len(urls_filter.block_listed_domains), "removed": removed}


def datatrove_decon(items, folder, *sets):
    """12-grams of questions and choices. Its default leaves out those within the question, and so most items."""
    import numpy as np
    from datatrove.data import Document
    from datatrove.pipeline.decont import n_grams

    config = n_grams.NGramsDecontConfig(find_query_ngrams=True)
    # Building from documents alone needs nothing of lighteval, which it asks for.
    n_grams.NGramsDecontIndexer._requires_dependencies = []
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    indexer = n_grams.NGramsDecontIndexer(str(folder), config=config)
    # A question has several choices.
    indexer.tokenizer.word_tokenize = functools.lru_cache(8)(indexer.tokenizer.word_tokenize)
    hashes = {}
    for item in rows(items):
        known = hashes.setdefault(item["benchmark"], set())
        if item["choices"]:
            for choice in item["choices"]:
                known.update(indexer.compute_hashes(choice, item["text"]))
        else:
            known.update(indexer.compute_hashes(item["text"]))
    for name, known in hashes.items():
        np.array(list(known), dtype=config.hash_config.np_descr).tofile(folder / f"{name}.index.hashes")
    decon = n_grams.NGramsDecontFilter(str(folder), config=config)
    results = {}
    for path in sets:
        # A share of the documents is enough for two digits.
        documents = rows(path)
        documents = documents[:: max(1, len(documents) // 1000)]
        decon.filter(Document(text="x", id=""))
        seconds, found = best(1, lambda: [decon.filter(Document(text=row["text"], id="")) is not True for row in documents])
        results[pathlib.Path(path).stem] = {
            "documents": len(documents), "bytes": n_bytes(documents), "seconds": seconds, "removed": sum(found)
        }
    return results


PEERS = [
    fasttext_predict, fasttext_wheel, datatrove_heuristics, datatrove_pii, datatrove_urls, datatrove_decon,
]
peer, *arguments = sys.argv[1:]
print(json.dumps({run.__name__: run for run in PEERS}[peer](*arguments)))
