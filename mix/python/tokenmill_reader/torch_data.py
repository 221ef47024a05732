"""The reader as a torch `IterableDataset`, for `DataLoader` with any number of workers, and resumable."""
from typing import Any, Dict, Iterator, Optional

import torch
from torch.utils.data import IterableDataset, get_worker_info

from .batch import Batch
from .reader import Reader


class TorchDataset(IterableDataset):
    """Yields whole batches as dictionaries of tensors; give it to a `DataLoader` with ``batch_size=None``.

    Worker `w` of `W` reads the steps w, w + W, ...; a `DataLoader` asks its workers in turn, so steps arrive in order.

    To resume on other numbers of ranks or workers, keep ``batch["state"]`` of the last batch that was trained on, and
    hand it to `load_state_dict` or to the new `Reader`. torchdata's `StatefulDataLoader` works, too: it keeps a state
    of each worker, which is good for the same number of workers only.
    """

    def __init__(self, reader: Reader, across: bool = True):
        """``across``: whether the last token of a document predicts the first one of the next, as `Batch.labels`."""
        super().__init__()
        self.reader, self.across = reader, across
        self._skip: Optional[int] = None

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        info = get_worker_info()
        worker, n_workers = (0, 1) if info is None else (info.id, info.num_workers)
        skip = worker if self._skip is None else self._skip
        self._skip = skip
        batches = iter(self.reader)
        while True:
            self.reader.skip(skip)
            batch = next(batches, None)
            if batch is None:
                return
            skip = self._skip = n_workers - 1
            yield as_tensors(batch, self.across)

    def state_dict(self) -> Dict[str, Any]:
        """The state of the reader, and how many steps of other workers come before the next of this one."""
        state = self.reader.state_dict()
        return state if self._skip is None else {**state, "skip": self._skip}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Goes on from ``state_dict`` of the same worker, or from the state of a batch."""
        self.reader.load_state_dict(state)
        self._skip = state.get("skip")


def as_tensors(batch: Batch, across: bool = True) -> Dict[str, Any]:
    """A batch as tensors: `tokens`, `labels`, `position_ids`, `n_tokens`, `samples` (int64).

    `cu_seqlens` is a list of tensors (int32), one per row; `phase`, `epoch` and `state` come along as they are.
    """
    return {
        "tokens": torch.from_numpy(batch.tokens).long(),
        "labels": torch.from_numpy(batch.labels(across)),
        "position_ids": torch.from_numpy(batch.position_ids()).long(),
        "n_tokens": torch.from_numpy(batch.n_tokens),
        "samples": torch.from_numpy(batch.samples),
        "cu_seqlens": [torch.from_numpy(bounds) for bounds in batch.cu_seqlens],
        "phase": batch.phase,
        "epoch": batch.epoch,
        "state": batch.state,
    }
