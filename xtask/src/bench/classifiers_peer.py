"""The peer of `cargo xtask bench classifiers`: splits the sets, and trains and predicts with the official fastText.

    classifiers_peer.py split ARCHIVE OUT            SET.train and SET.test of every set, a text a line
    classifiers_peer.py train OFFICIAL TRAIN TEST OPTIONS.json
    classifiers_peer.py score OFFICIAL MODEL TEST    what the official library says of a model of ours

Prints one JSON object.
"""

import csv
import gzip
import hashlib
import json
import sys
import time


def sets(archive):
    with open(f"{archive}/ag_news_test.csv", encoding="utf-8", newline="") as file:
        yield "ag_news", [(row[0], " ".join(row[1:])) for row in csv.reader(file)]
    with gzip.open(f"{archive}/20news_train_sample.jsonl.gz", "rt", encoding="utf-8") as file:
        yield "20news", [(row["topic"], row["text"]) for row in map(json.loads, file)]


def split(archive, out):
    counts = {}
    for name, rows in sets(archive):
        parts = {"train": [], "test": []}
        for label, text in rows:
            text = " ".join(text.split())
            digest = hashlib.sha256(text.encode()).digest()
            part = "test" if int.from_bytes(digest[:8], "big") % 5 == 0 else "train"
            parts[part].append(f"__label__{label} {text}\n")
        for part, lines in parts.items():
            with open(f"{out}/{name}.{part}", "w", encoding="utf-8") as file:
                file.writelines(lines)
        counts[name] = {part: len(lines) for part, lines in parts.items()}
    return counts


def accuracy(model, test):
    right = total = 0
    with open(test, encoding="utf-8") as file:
        for line in file:
            label, text = line.rstrip("\n").split(" ", 1)
            # The binding below the Python one, which does not load with numpy 2.
            found = model.f.predict(text + "\n", 1, 0.0, "strict")
            right += bool(found) and found[0][1] == label
            total += 1
    return right / total


def main():
    verb, *arguments = sys.argv[1:]
    if verb == "split":
        print(json.dumps(split(*arguments)))
        return
    sys.path.insert(0, arguments[0])
    import fasttext

    fasttext.FastText.eprint = lambda *_: None
    if verb == "train":
        _, train, test, options = arguments
        started = time.process_time()
        model = fasttext.train_supervised(train, thread=1, verbose=0, **json.loads(options))
        seconds = time.process_time() - started
        print(json.dumps({"seconds": seconds, "accuracy": accuracy(model, test)}))
    else:
        print(json.dumps({"accuracy": accuracy(fasttext.load_model(arguments[1]), arguments[2])}))


main()
