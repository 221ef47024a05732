"""Heads on one trunk: what they learn, how far off they are, and how they are written down for `tokenmill`."""

import dataclasses
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

KINDS = ("regression", "one_of", "any_of")


@dataclasses.dataclass
class Head:
    """A head: its name, what its numbers mean, and the labels they are for."""

    name: str
    kind: str
    sources: list
    pooling: str = "mean"
    dense: int = 0
    labels: list = dataclasses.field(default_factory=list)
    weights: torch.Tensor = None
    mean: float = 0.0
    variance: float = 1.0
    levels: torch.Tensor = None

    @property
    def n_out(self):
        """Numbers that the head gives."""
        return len(self.labels) or 1

    def learn_labels(self, documents, weighting):
        """Takes labels, their weights and the scale of numbers from the documents that are learned from."""
        targets = [document.targets[self.name] for document in documents if self.name in document.targets]
        if self.kind == "regression":
            values = torch.tensor(targets)
            self.mean, self.variance = values.mean().item(), max(values.var(unbiased=False).item(), 1e-6)
            self.levels, counts = values.round().unique(return_counts=True)
        elif self.kind == "one_of":
            self.labels = sorted(set(targets), key=natural)
            counts = torch.tensor([targets.count(label) for label in self.labels])
        else:
            self.labels = sorted({label for labels in targets for label in labels}, key=natural)
            counts = torch.tensor([sum(label in labels for labels in targets) for label in self.labels])
        if self.kind != "regression" and len(self.labels) < (2 if self.kind == "one_of" else 1):
            raise SystemExit(f"the head `{self.name}` has the labels {self.labels} only: there is nothing to learn")
        if self.kind == "any_of":
            # The weight of those that have the label, next to those that have it not.
            shares = (len(targets) - counts).clamp(min=1) / counts
        else:
            shares = len(targets) / (len(counts) * counts)
        power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[weighting]
        # A label that hardly occurs must not be all that counts.
        self.weights = (shares.float() ** power).clamp(0.1, 10.0)

    def target(self, document):
        """What the head should say of a document; numbers that are none where nothing is known."""
        if self.name not in document.targets:
            return torch.full((self.n_out if self.kind == "any_of" else 1,), float("nan"))
        found = document.targets[self.name]
        if self.kind == "regression":
            return torch.tensor([found])
        if self.kind == "one_of":
            return torch.tensor([float(self.labels.index(found)) if found in self.labels else float("nan")])
        return torch.tensor([float(label in found) for label in self.labels])

    def loss(self, logits, targets):
        """The weighted loss summed over the documents that have a label, and the sum of weights."""
        known = ~targets[:, 0].isnan()
        logits, targets = logits[known].float(), targets[known]
        weights = self.weights.to(logits.device)
        if self.kind == "regression":
            level = (targets - self.levels.to(targets.device)).abs().argmin(1)
            weight = weights[level]
            return (weight * (logits - targets)[:, 0] ** 2 / self.variance).sum(), weight.sum()
        if self.kind == "one_of":
            targets = targets[:, 0].long()
            return functional.cross_entropy(logits, targets, weights, reduction="sum"), weights[targets].sum()
        loss = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="sum")
        return loss / self.n_out, torch.tensor(float(len(targets)))

    def spec(self):
        """The head as `config.json` lists it."""
        spec = {"name": self.name, "kind": self.kind, "pooling": self.pooling}
        if self.dense:
            spec["activation"] = "tanh"
        if self.labels:
            spec["labels"] = self.labels
        return spec


def natural(label):
    """Numbers by value, before all texts."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


class Model(nn.Module):
    """A trunk of transformers with heads."""

    def __init__(self, trunk, heads, dropout):
        super().__init__()
        self.trunk, self.specs, self.dropout = trunk, heads, nn.Dropout(dropout)
        self.heads = nn.ModuleDict()
        hidden = trunk.config.hidden_size
        for head in heads:
            parts = {"out": nn.Linear(head.dense or hidden, head.n_out)}
            nn.init.normal_(parts["out"].weight, std=0.02)
            nn.init.constant_(parts["out"].bias, head.mean)
            if head.dense:
                parts["dense"] = nn.Linear(hidden, head.dense)
            self.heads[head.name] = nn.ModuleDict(parts)

    def pool(self, ids, mask):
        """The vector of the first token, and the mean of all."""
        last = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        share = mask.unsqueeze(-1).to(last.dtype)
        return {"first": last[:, 0], "mean": (last * share).sum(1) / share.sum(1)}

    def judge(self, pooled):
        """The logits of every head."""
        logits = []
        for head in self.specs:
            parts, seen = self.heads[head.name], self.dropout(pooled[head.pooling])
            if head.dense:
                seen = self.dropout(torch.tanh(parts["dense"](seen)))
            logits.append(parts["out"](seen))
        return logits

    def forward(self, ids, mask):
        """The logits of every head from ids."""
        return self.judge(self.pool(ids, mask))

    def write(self, folder):
        """Writes `config.json` and `model.safetensors`: the trunk under its plain names, so that `AutoModel` reads it too."""
        folder = pathlib.Path(folder)
        self.trunk.config.tokenmill_heads = [head.spec() for head in self.specs]
        self.trunk.config.architectures = [type(self.trunk).__name__]
        self.trunk.config.torch_dtype = "float32"
        (folder / "config.json").write_text(self.trunk.config.to_json_string(use_diff=True), encoding="utf8")
        tensors = {**self.trunk.state_dict(), **{f"heads.{name}": value for name, value in self.heads.state_dict().items()}}
        tensors = {name: value.float().cpu().contiguous() for name, value in tensors.items() if value.is_floating_point()}
        save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
