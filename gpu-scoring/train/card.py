"""The model card: what the model was made from, how, and how good it is."""

import json
import pathlib

LIMIT = 40
"""Labels that a table lists."""


def number(value):
    """A number for people."""
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def table(head, rows):
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(number(cell) for cell in row) + " |" for row in rows])


def head_section(head, metrics):
    """What is said of a head."""
    plain = {name: value for name, value in metrics.items() if not isinstance(value, dict)}
    plain |= {f"as a number: {name}": value for name, value in metrics.get("as_number", {}).items()}
    kind = {"regression": "a number", "one_of": "one of several labels", "any_of": "any of several labels"}[head["kind"]]
    parts = [f"### `{head['name']}`: {kind}", table(["on the test part", ""], list(plain.items())[:LIMIT])]
    if "f1" in metrics:
        parts.append(table(["label", "F1"], list(metrics["f1"].items())[:LIMIT]))
    if "labels" in metrics:
        rows = [(name, each["positive"], each["f1"], each["auc"]) for name, each in metrics["labels"].items()]
        parts.append(table(["label", "documents with it", "F1", "AUC"], rows[:LIMIT]))
    return "\n\n".join(parts)


def write(folder, facts):
    """Writes `README.md` and, for programs, `card.json`."""
    folder = pathlib.Path(folder)
    (folder / "card.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    trunk, data, training = facts["trunk"], facts["data"], facts["training"]
    sizes = [(name, trunk[name]) for name in trunk]
    labels = [
        (head["name"], source["path"], source["column"], head["n_train"], head["n_validation"], head["n_test"])
        for head in facts["heads"]
        for source in head["sources"]
    ]
    epochs = [(epoch["epoch"], epoch["train_loss"], epoch["validation_loss"]) for epoch in facts["epochs"]]
    sections = [
        f"# {folder.name}\n\nAn encoder with {len(facts['heads'])} head(s), trained by `gpu-scoring/train/train.py` for `tokenmill`.",
        "## Use\n\n```toml\n[[step]]\nuse   = \"score.encoder\"\nmodel = \"" + folder.name + "\"\n```",
        "## How good it is\n\nOn sites of which no document was learned from, once, with the weights of the lowest "
        "validation loss.\n\n" + "\n\n".join(head_section(head, head["metrics"]) for head in facts["heads"]),
        "## What it was made from\n\n" + facts["licence"] + "\n\n" + table(["head", "file", "column", *data["parts"]], labels)
        + f"\n\n{data['documents']} documents of {data['groups']} groups, each group in one part only, "
        + f"{data['split']}. {data['disputed']} labels on which rows of the same text disagree were left out.",
        "## The trunk\n\n" + table(["", ""], sizes),
        "## Training\n\n" + table(["", ""], training.items()) + "\n\n" + table(["epoch", "loss", "validation loss"], epochs),
    ]
    (folder / "README.md").write_text("\n\n".join(sections) + "\n", encoding="utf8")
