"""Labelled documents: reading them, putting the labels of a text together, and splitting them by site."""

import dataclasses
import hashlib
import json
import math
import pathlib
from urllib.parse import urlsplit

PARTS = ("train", "validation", "test")


@dataclasses.dataclass
class Document:
    """A text, and what is known of it."""

    text: str
    group: str
    part: str = ""
    targets: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Source:
    """Where a head has its labels from."""

    path: str
    column: str


def rows(path):
    """The rows of a Parquet or JSONL file, as dictionaries."""
    if pathlib.Path(path).suffix == ".parquet":
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    else:
        with open(path, encoding="utf8") as file:
            yield from (json.loads(line) for line in file if line.strip())


def registrable_domain(url, suffixes=[]):
    """`example.co.uk` of `https://www.example.co.uk/x`; the host as it is when it has no public suffix; "" without one."""
    host = urlsplit(url if "//" in url else "//" + url).hostname or ""
    if not suffixes:
        from publicsuffixlist import PublicSuffixList

        suffixes.append(PublicSuffixList())
    return suffixes[0].privatesuffix(host) or host


def target(head, value):
    """The value of a column as a head learns it; `None` when there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if head.kind == "regression":
        return float(value)
    if head.kind == "one_of":
        return label(value)
    values = value if isinstance(value, list) else [part for part in str(value).split(",") if part.strip()]
    return sorted({label(value) for value in values})


def label(value):
    """Labels are texts; `3.0` is the label `3`."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def read(heads, text="text", group="url", part=None):
    """The documents of all sources, in an order that does not depend on the order of the files.

    Rows of the same text are one document: each may know the labels of other heads. Where two rows disagree about a head,
    the document has no label for it.
    """
    documents, disputed = {}, set()
    for head in heads:
        for source in head.sources:
            n_labels = 0
            for row in rows(source.path):
                if text not in row or source.column not in row:
                    missing = text if text not in row else source.column
                    raise SystemExit(f"`{source.path}` has no column `{missing}`; it has {', '.join(map(repr, row))}")
                found = target(head, row[source.column])
                if found is None or not row[text]:
                    continue
                n_labels += 1
                key = hashlib.sha256(row[text].encode()).hexdigest()
                document = documents.setdefault(key, Document(row[text], group_of(row, group, key)))
                if part is not None:
                    document.part = row[part]
                if document.targets.setdefault(head.name, found) != found:
                    disputed.add((key, head.name))
            if n_labels == 0:
                raise SystemExit(f"`{source.path}` has no labels in `{source.column}`")
    for key, name in disputed:
        del documents[key].targets[name]
    return [documents[key] for key in sorted(documents) if documents[key].targets], len(disputed)


def group_of(row, column, key):
    """What a document must stay together with: its site; without a URL it is a site of its own."""
    value = row.get(column) or ""
    if not value:
        return key
    return registrable_domain(value) or key if column == "url" else str(value)


def split(documents, shares):
    """Gives every group to a part by a hash of its name, so that neither other documents nor a seed move it."""
    for document in documents:
        at = int.from_bytes(hashlib.sha256(document.group.encode()).digest()[:8], "big") % 100
        document.part = PARTS[0] if at >= shares[1] + shares[2] else PARTS[1] if at >= shares[2] else PARTS[2]


def check_parts(documents, heads):
    """Refuses a split in which a part has no labels of a head."""
    for document in documents:
        if document.part not in PARTS:
            raise SystemExit(f"a part is called `{document.part}`; the parts are {', '.join(PARTS)}")
    for head in heads:
        for part in PARTS:
            if not any(document.part == part and head.name in document.targets for document in documents):
                raise SystemExit(f"no document of the part `{part}` has a label of the head `{head.name}`")
