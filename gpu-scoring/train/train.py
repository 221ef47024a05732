#!/usr/bin/env python3
"""Trains several heads on one encoder and writes a folder that the step `score.encoder` of `tokenmill` reads.

  train.py models/web --trunk distilroberta-base --epochs 4 \\
      --head quality regression labels/quality.parquet \\
      --head topic one_of labels/topics.parquet \\
      --head flags any_of flags.jsonl#flags

Labels are tables of `tokenmill annotate`, or any Parquet or JSONL with a text and a label; `FILE#COLUMN` names the
column of the label (default: `score` for regressions, `label` otherwise). A head may be given more than once to learn from
several files. Rows of the same text are one document, so files may know different things of the same documents; what is not
known of a document is not learned from it.

Kinds of heads: `regression` a number, such as a score from 0 to 5; `one_of` one of the labels that occur; `any_of` none or
several, as a list or separated by commas.

Sites (the registrable domain of the column `url`) are learned from, or say when to stop, or are measured on, never two of
these. Without a URL every document is a site of its own. What a site is for follows from a hash of its name, so models
learned from other labels can be compared.

The trunk is a local folder of Hugging Face's form (BERT, MiniLM, RoBERTa, XLM-RoBERTa, DistilBERT), of which `--layers N`
takes the first N layers only; without `--trunk` a small RoBERTa is made from scratch, and a vocabulary learned from the
texts. Nothing is fetched from a network.

The best weights by validation loss are kept. The folder also gets README.md, a card with data, sizes, split, metrics and
settings. With the same files, seed, threads and machine the result is the same.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import data
from heads import KINDS, Head


def arguments(argv=None):
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, help="folder for the model")
    add = parser.add_argument_group("labels").add_argument
    add("--head", nargs=3, action="append", required=True, metavar=("NAME", "KIND", "FILE[#COLUMN]"),
        help="a head and where its labels are")  # fmt: skip
    add("--text", default="text", metavar="COLUMN", help="column with the text")
    add("--group", default="url", metavar="COLUMN",
        help="documents with the same value stay together; of `url`, with the same registrable domain")  # fmt: skip
    add("--split", type=int, nargs=3, default=(80, 10, 10), metavar=("TRAIN", "VALIDATION", "TEST"),
        help="percent of the sites (default 80 10 10)")  # fmt: skip
    add("--split-column", metavar="COLUMN", help="take the part from here instead: train, validation or test")
    add("--licence", default="Licence of the labels and texts: not stated.", help="a sentence for the card")
    add = parser.add_argument_group("trunk").add_argument
    add("--trunk", type=pathlib.Path, help="folder with config.json, model.safetensors, tokenizer.json")
    add("--layers", type=int, help="layers: the first of the trunk, or of a new one (default: all, 2)")
    add("--hidden", type=int, default=128, help="numbers for a token, in a new trunk (default 128)")
    add("--words", type=int, default=8192, help="size of the vocabulary that a new trunk learns (default 8192)")
    add("--tokenizer", type=pathlib.Path, help="tokenizer.json for a new trunk, instead of a vocabulary of its own")
    add("--activation", default="gelu_pytorch_tanh",
        help="between feed-forward matrices; the default is what the GPU computes, `own` leaves a trunk's own")  # fmt: skip
    add("--freeze", choices=("nothing", "embeddings", "all"), default="nothing", help="what of the trunk is not learned")
    add = parser.add_argument_group("heads").add_argument
    add("--pooling", choices=("first", "mean"), default="mean", help="what heads see (default: mean of the tokens)")
    add("--dense", type=int, default=0, metavar="N", help="a matrix to N numbers and tanh before the last one")
    add("--class-weights", choices=("none", "sqrt", "balanced"), default="sqrt",
        help="how much more rare labels count: not, by the root, or so that all count the same (default: sqrt)")  # fmt: skip
    add = parser.add_argument_group("training").add_argument
    add("--max-tokens", type=int, default=512, help="texts are cut there (default 512)")
    add("--epochs", type=int, default=10, help="at most (default 10)")
    add("--patience", type=int, default=2, help="epochs without a lower validation loss, then stop (default 2)")
    add("--batch", type=int, default=32, help="documents of a step (default 32)")
    add("--rate", type=float, help="learning rate (default 3e-5 for a trunk, 1e-3 from scratch or frozen)")
    add("--head-rate", type=float, help="learning rate of the heads (default: ten times that of a trunk, at most 1e-3)")
    add("--warmup", type=float, default=0.06, help="share of the steps in which the rate rises (default .06)")
    add("--decay", type=float, default=0.01, help="weight decay (default .01)")
    add("--dropout", type=float, default=0.1, help="in the trunk and before heads (default .1)")
    add("--seed", type=int, default=1)
    add("--device", help="cpu, cuda, cuda:1 … (default: cuda if there is one)")
    add("--bf16", action="store_true", help="compute in bfloat16 where that is safe, on a GPU")
    add("--threads", type=int, help="threads of the CPU (default: what torch takes)")
    add("--test-file", type=pathlib.Path,
        help="write ids and logits of the test documents there, as JSONL: to check another implementation against")  # fmt: skip
    return parser.parse_args(argv)


def heads_of(options):
    """The heads that the options name."""
    heads = {}
    for name, kind, file in options.head:
        if kind not in KINDS:
            raise SystemExit(f"head `{name}`: there is no kind `{kind}`; there are {', '.join(KINDS)}")
        if not name or "." in name:
            raise SystemExit(f"`{name}` is no name for a head: it must have a letter and no dot")
        path, _, column = file.partition("#")
        head = heads.setdefault(name, Head(name, kind, [], options.pooling, options.dense))
        if head.kind != kind:
            raise SystemExit(f"head `{name}` is `{head.kind}` and `{kind}`")
        head.sources.append(data.Source(path, column or ("score" if kind == "regression" else "label")))
    return list(heads.values())


def main(argv=None):
    """Reads, learns, measures, writes."""
    options = arguments(argv)
    heads = heads_of(options)
    documents, n_disputed = data.read(heads, options.text, options.group, options.split_column)
    if options.split_column is None:
        if sum(options.split) != 100 or min(options.split) < 1:
            raise SystemExit("--split must be three shares above 0 that make 100")
        data.split(documents, options.split)
    data.check_parts(documents, heads)
    parts = {part: [document for document in documents if document.part == part] for part in data.PARTS}
    for head in heads:
        head.learn_labels(parts["train"], options.class_weights)

    # What follows needs seconds to be imported, and mistakes should be told before.
    import card
    import learn

    start = time.monotonic()
    learner = learn.Learner(options, heads, parts)
    print(f"{learner.n_weights:,} weights, {len(parts['train']):,} documents to learn from, on {learner.device}", file=sys.stderr)
    epochs = learner.run()
    metrics = learner.measure("test")
    options.output.mkdir(parents=True, exist_ok=True)
    learner.write(options.output)
    if options.test_file:
        learner.write_test(options.test_file)

    known = lambda head, part: sum(head.name in document.targets for document in parts[part])  # noqa: E731
    settings = {name: value for name, value in vars(options).items() if name not in ("head", "licence", "output", "test_file")}
    facts = {
        "licence": options.licence,
        "heads": [
            {
                "name": head.name, "kind": head.kind, "labels": head.labels,
                "sources": [dataclasses.asdict(source) for source in head.sources],
                **{f"n_{part}": known(head, part) for part in data.PARTS}, "metrics": metrics[head.name],
            }
            for head in heads
        ],
        "data": {
            "documents": len(documents), "groups": len({document.group for document in documents}),
            "disputed": n_disputed, "parts": {part: len(parts[part]) for part in data.PARTS},
            "split": f"as the column `{options.split_column}` says" if options.split_column else
            "by a hash of the group's name, {} to {} to {}".format(*options.split),
        },
        "trunk": learner.trunk_facts(),
        "training": {**{name: str(value) for name, value in settings.items() if value is not None}, **learner.facts(),
                     "seconds": round(time.monotonic() - start, 1)},
        "epochs": epochs,
    }  # fmt: skip
    card.write(options.output, facts)
    print(json.dumps({head["name"]: head["metrics"] for head in facts["heads"]}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
