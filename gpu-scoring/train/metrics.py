"""How good a head is on documents that it has not seen."""

import numpy

THRESHOLD = 3.0
"""Scores from 0 to 5 are usually kept from here on."""


def auc(scores, is_positive):
    """How often a positive has the higher score; ties count half. `None` when one side is empty."""
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    return float((ranks(scores)[is_positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    last = numpy.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def spearman(a, b):
    """Correlation of ranks; `None` when one side is constant."""
    a, b = ranks(a), ranks(b)
    return float(numpy.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else None


def f1(found, wanted):
    """F1 of a label; 0 when it is neither found nor wanted."""
    return float(2 * (found & wanted).sum() / max(found.sum() + wanted.sum(), 1))


def of_classes(found, wanted, names):
    """Accuracy, macro-F1 and F1 of every class."""
    each = {name: f1(found == at, wanted == at) for at, name in enumerate(names)}
    return {"accuracy": float((found == wanted).mean()), "macro_f1": sum(each.values()) / len(each), "f1": each}


def of_numbers(found, wanted):
    """How far off numbers are, how well they rank, and how well they choose from 3 on."""
    metrics = {
        "mae": float(numpy.abs(found - wanted).mean()),
        "rmse": float(((found - wanted) ** 2).mean() ** 0.5),
        "spearman": spearman(found, wanted),
    }
    is_wanted = wanted >= THRESHOLD
    if 0 < is_wanted.sum() < len(wanted):
        metrics["f1_at_3"] = f1(found >= THRESHOLD, is_wanted)
        metrics["auc_at_3"] = auc(found, is_wanted)
    levels = numpy.unique(wanted)
    if len(levels) <= 12 and numpy.equal(levels, levels.round()).all():
        rounded = found.round().clip(levels.min(), levels.max())
        metrics["accuracy_rounded"] = float((rounded == wanted).mean())
        metrics["macro_f1_rounded"] = float(numpy.mean([f1(rounded == level, wanted == level) for level in levels]))
    return metrics


def measure(head, logits, targets):
    """All that is said of a head: `logits` and `targets` of the documents that have a label, as arrays."""
    n = {"documents": len(targets)}
    logits = logits.astype("float64")
    if head.kind == "regression":
        mean = numpy.full(len(targets), head.mean)
        baseline = {"baseline_mae": float(numpy.abs(mean - targets[:, 0]).mean())}
        return {**n, **of_numbers(logits[:, 0], targets[:, 0].astype("float64")), **baseline}
    if head.kind == "any_of":
        each = {}
        for at, name in enumerate(head.labels):
            wanted = targets[:, at] > 0.5
            each[name] = {"positive": int(wanted.sum()), "f1": f1(logits[:, at] > 0, wanted), "auc": auc(logits[:, at], wanted)}
        return {**n, "macro_f1": float(numpy.mean([label["f1"] for label in each.values()])), "labels": each}
    shares = numpy.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    wanted = targets[:, 0].astype(int)
    metrics = {**n, **of_classes(logits.argmax(1), wanted, head.labels)}
    metrics["baseline_accuracy"] = float(numpy.bincount(wanted).max() / len(wanted))
    areas = [auc(shares[:, at], wanted == at) for at in range(len(head.labels))]
    known = [area for area in areas if area is not None]
    metrics["auc"] = float(numpy.mean(known)) if known else None
    try:
        values = numpy.array([float(label) for label in head.labels])
    except ValueError:
        return metrics
    return {**metrics, "as_number": of_numbers(shares @ values, values[wanted])}
