"""LightGBM on the tables of RegMix, for `cargo xtask bench ablation`: the settings of RegMix's code, with early stopping on a
part of the training runs and never on the runs that are predicted. Arguments: mixes, losses, other mixes, predictions."""

import csv
import sys
import time

import lightgbm
import numpy

SETTINGS = {
    "objective": "regression",
    "metric": ["l1", "l2"],
    "learning_rate": 0.01,
    "seed": 42,
    "verbosity": -1,
    "num_threads": 1,
}


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return rows[0][1:], [row[0] for row in rows[1:]], numpy.array([[float(cell) for cell in row[1:]] for row in rows[1:]])


def main(mixes, losses, others, predictions):
    start = time.process_time()
    _, ids, weights = read(mixes)
    targets, loss_ids, values = read(losses)
    values = values[[loss_ids.index(name) for name in ids]]
    _, other_ids, other_weights = read(others)
    order = numpy.random.default_rng(0).permutation(len(ids))
    stop, train = order[: len(ids) // 10], order[len(ids) // 10 :]
    columns = []
    for target in range(len(targets)):
        data = lightgbm.Dataset(weights[train], values[train, target])
        valid = lightgbm.Dataset(weights[stop], values[stop, target], reference=data)
        model = lightgbm.train(
            SETTINGS, data, num_boost_round=2000, valid_sets=[valid], callbacks=[lightgbm.early_stopping(10, verbose=False)]
        )
        columns.append(model.predict(other_weights))
    with open(predictions, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["index", *targets])
        for row, name in enumerate(other_ids):
            out.writerow([name, *[column[row] for column in columns]])
    print(f"{time.process_time() - start:.2f}")


main(*sys.argv[1:])
