#!/usr/bin/env python3
"""Train a tiny language model on a set of shards: a real loop that may be killed and resumed on other numbers of ranks.

Every rank is a process with a reader of its own. The gradients of single sequences are added up in the order of the
batch, not of ranks, so that a run has the same loss to the last bit at any number of ranks. Each step is a line of the
log: the sha256 of the ids of its sequences in order, and the loss. A checkpoint holds the model, the momentum, and the
state of the reader; run the same command again to go on from it.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

# The sums of a product of matrices may depend on the number of threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tokenmill_reader import IGNORE, Dataset, Reader  # noqa: E402

VOCABULARY, WIDTH, HIDDEN = 64, 16, 32
"""Ids are taken modulo the first, so that any set will do."""
RATE, MOMENTUM = 0.05, 0.9


def initial(seed=1):
    """The parameters of a model that predicts the next id from one id: embedding, hidden layer, output."""
    rng = np.random.default_rng(seed)
    shapes = {"embedding": (VOCABULARY, WIDTH), "hidden": (WIDTH, HIDDEN), "output": (HIDDEN, VOCABULARY)}
    return {name: rng.normal(0, shape[0] ** -0.5, shape) for name, shape in shapes.items()}


def gradient_numpy(parameters, ids, labels):
    """The summed loss of a sequence in nats, and its gradient, derived by hand."""
    rows = np.arange(len(ids))
    embedded = parameters["embedding"][ids]
    hidden = np.tanh(embedded @ parameters["hidden"])
    logits = hidden @ parameters["output"]
    logits -= logits.max(1, keepdims=True)
    sums = np.exp(logits).sum(1)
    loss = float((np.log(sums) - logits[rows, labels]).sum())
    d_logits = np.exp(logits) / sums[:, None]
    d_logits[rows, labels] -= 1
    d_hidden = (d_logits @ parameters["output"].T) * (1 - hidden**2)
    d_embedding = np.zeros_like(parameters["embedding"])
    np.add.at(d_embedding, ids, d_hidden @ parameters["hidden"].T)
    return loss, {"embedding": d_embedding, "hidden": embedded.T @ d_hidden, "output": hidden.T @ d_logits}


def gradient_torch(parameters, ids, labels):
    """The same by torch's automatic differentiation."""
    import torch

    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    hidden = torch.tanh(leaves["embedding"][torch.from_numpy(ids)] @ leaves["hidden"])
    loss = torch.nn.functional.cross_entropy(hidden @ leaves["output"], torch.from_numpy(labels), reduction="sum")
    loss.backward()
    return loss.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def rank_main(pipe, dataset, rank, world, batch, state, backend):
    """A rank: takes parameters, gives what its next sequences say about them, until the pipe is closed."""
    gradient = {"numpy": gradient_numpy, "torch": gradient_torch}[backend]
    try:
        for one in Reader(dataset, rank, world, batch, state=state, epochs=None):
            parameters = pipe.recv()
            rows = []
            for row, labels in zip(one, one.labels(across=False)):
                has_loss = labels != IGNORE
                loss, gradients = 0.0, None
                if has_loss.any():
                    ids = (row.tokens[has_loss] % VOCABULARY).astype(np.int64)
                    loss, gradients = gradient(parameters, ids, labels[has_loss] % VOCABULARY)
                tokens = row.tokens[: row.n_tokens].tobytes()
                rows.append((row.sample, tokens, int(has_loss.sum()), loss, gradients))
            pipe.send((rows, one.phase, one.epoch, one.state))
    except (EOFError, BrokenPipeError):
        pass


class Ranks:
    """The processes of all ranks. They end when this one ends, however it ends: their pipes close."""

    def __init__(self, world, *arguments):
        # Started afresh, so that no process holds the ends of another one's pipe open.
        context = multiprocessing.get_context("spawn")
        self.pipes, dataset = [], arguments[0]
        for rank in range(world):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=rank_main, args=(theirs, dataset, rank, world, *arguments[1:]), daemon=True
            )
            process.start()
            theirs.close()
            self.pipes.append(ours)

    def step(self, parameters):
        """What all ranks say about their sequences, in the order of the batch."""
        for pipe in self.pipes:
            pipe.send(parameters)
        answers = [pipe.recv() for pipe in self.pipes]
        (phase, epoch, state), world = answers[0][1:], len(answers)
        assert all(answer[1:] == (phase, epoch, state) for answer in answers), "ranks stand at different places"
        n_rows = sum(len(rows) for rows, *_ in answers)
        rows = [answers[at % world][0][at // world] for at in range(n_rows)]
        return rows, phase, epoch, state


def save(path, step, parameters, momenta, state):
    """Writes a checkpoint; one that is there stays whole until the new one is."""
    arrays = {f"parameter.{name}": value for name, value in parameters.items()}
    arrays.update({f"momentum.{name}": value for name, value in momenta.items()})
    fresh = path.with_suffix(".new")
    with open(fresh, "wb") as file:
        np.savez(file, meta=json.dumps({"step": step, "reader": state}), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def load(path):
    """The checkpoint: step, parameters, momenta, and the state of the reader."""
    with np.load(path) as arrays:
        meta = json.loads(str(arrays["meta"]))
        parts = [
            {name.partition(".")[2]: arrays[name] for name in arrays if name.startswith(kind)}
            for kind in ("parameter.", "momentum.")
        ]
    return meta["step"], parts[0], parts[1], meta["reader"]


def train(dataset, folder, n_steps, world, batch, every, backend, pause=0.0):
    """Trains up to a step, from the checkpoint in the folder if there is one; yields what is logged of each step."""
    checkpoint = folder / "checkpoint.npz"
    if checkpoint.exists():
        step, parameters, momenta, state = load(checkpoint)
    else:
        step, parameters, state = 0, initial(), None
        momenta = {name: np.zeros_like(value) for name, value in parameters.items()}
    ranks = Ranks(world, dataset, batch, state, backend)
    while step < n_steps:
        rows, phase, epoch, state = ranks.step(parameters)
        digest, n_labels, loss = hashlib.sha256(), 0, 0.0
        total = {name: np.zeros_like(value) for name, value in parameters.items()}
        for sample, tokens, n, row_loss, gradients in rows:
            if sample < 0:
                continue
            digest.update(len(tokens).to_bytes(8, "little") + tokens)
            n_labels, loss = n_labels + n, loss + row_loss
            for name in total if gradients else ():
                total[name] += gradients[name]
        for name in parameters:
            momenta[name] = MOMENTUM * momenta[name] + total[name] / max(n_labels, 1)
            parameters[name] = parameters[name] - RATE * momenta[name]
        step += 1
        yield {
            "step": step, "phase": phase, "epoch": epoch, "first": rows[0][0],
            "sequences": sum(row[0] >= 0 for row in rows), "sha256": digest.hexdigest(),
            "loss": loss / max(n_labels, 1),
        }
        if step % every == 0 or step == n_steps:
            save(checkpoint, step, parameters, momenta, state)
        time.sleep(pause)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", help="a run directory, an exported folder, or a manifest")
    parser.add_argument("folder", type=Path, help="where the checkpoint and `log.jsonl` are, or will be")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--world", type=int, default=1, help="number of ranks")
    parser.add_argument("--batch", type=int, default=8, help="sequences of a step over all ranks")
    parser.add_argument("--every", type=int, default=20, help="steps from checkpoint to checkpoint")
    parser.add_argument("--backend", choices=["numpy", "torch"], default="numpy")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait after a step")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    dataset = Dataset(arguments.dataset)
    dataset.check()
    options = (arguments.steps, arguments.world, arguments.batch, arguments.every, arguments.backend, arguments.pause)
    with open(arguments.folder / "log.jsonl", "a", encoding="utf-8") as log:
        for line in train(dataset, arguments.folder, *options):
            print(json.dumps(line), file=log, flush=True)
    print(json.dumps(line if arguments.steps else {}))


if __name__ == "__main__":
    main()
