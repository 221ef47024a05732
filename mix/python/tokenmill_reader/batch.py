"""What a rank gets at one step: sequences padded to one length, and what masks and losses need to know of them."""
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List

import numpy as np

IGNORE = -100
"""The label of a place that has no loss: what torch's cross entropy ignores by default."""


@dataclass(frozen=True)
class Sequence:
    """One training sequence."""

    sample: int
    """Its number in the order of the epoch, counted over all phases; -1 is padding."""
    tokens: np.ndarray
    """Ids (int32), padded to the context."""
    n_tokens: int
    cu_seqlens: np.ndarray
    """Where its pieces begin, and one number more, ``n_tokens``: int32, what variable-length attention asks for."""


@dataclass(frozen=True)
class Batch:
    """The sequences of one rank at one step.

    Every rank gets as many batches of as many rows as every other step of the phase has. Where a phase ends within a
    batch, rows without tokens fill it: ``n_tokens`` 0, ``samples`` -1, all labels ignored.
    """

    phase: str
    epoch: int
    samples: np.ndarray
    """Number of each sequence in the order of the epoch, counted over all phases (int64); -1 is padding."""
    tokens: np.ndarray
    """Ids (int32), one row per sequence, padded to the context of the phase; without one, to the longest row."""
    n_tokens: np.ndarray
    """Tokens of each row (int64); what follows in the row is padding."""
    cu_seqlens: List[np.ndarray]
    """Per row, where its pieces begin, and ``n_tokens`` at the end (int32)."""
    state: Dict[str, Any] = field(repr=False, default_factory=dict)
    """The state of the reader behind this batch: resume from it on any number of ranks."""

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, row: int) -> Sequence:
        return Sequence(int(self.samples[row]), self.tokens[row], int(self.n_tokens[row]), self.cu_seqlens[row])

    def __iter__(self) -> Iterator[Sequence]:
        return (self[row] for row in range(len(self)))

    def loss_mask(self) -> np.ndarray:
        """Whether each place holds a token (bool), not padding."""
        return np.arange(self.tokens.shape[1]) < self.n_tokens[:, None]

    def labels(self, across: bool = True) -> np.ndarray:
        """The next token of each place (int64), or `IGNORE` where a row ends.

        Without ``across``, the last token of a document has no label either: it does not predict the next document.
        """
        labels = np.full(self.tokens.shape, IGNORE, np.int64)
        labels[:, :-1] = self.tokens[:, 1:]
        labels[np.arange(self.tokens.shape[1]) >= self.n_tokens[:, None] - 1] = IGNORE
        if not across:
            for row, bounds in enumerate(self.cu_seqlens):
                labels[row, bounds[1:-1] - 1] = IGNORE
        return labels

    def position_ids(self) -> np.ndarray:
        """The place of each token in its piece (int32), beginning with 0 at every boundary; 0 for padding."""
        places = np.arange(self.tokens.shape[1], dtype=np.int32)
        positions = np.zeros(self.tokens.shape, np.int32)
        for row, bounds in enumerate(self.cu_seqlens):
            n = int(self.n_tokens[row])
            positions[row, :n] = places[:n] - np.repeat(bounds[:-1], np.diff(bounds))
        return positions
