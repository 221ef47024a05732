"""The reader: batches for one rank out of the order that all ranks share."""
import os
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from .batch import Batch
from .dataset import Dataset, Phase
from .errors import DataError
from .index import OpenShard
from .order import epoch_order

STATE_VERSION = 1
MAX_OPEN_SHARDS = 512
"""Shards that are mapped at a time: systems limit the maps of a process."""


class Reader:
    """Yields the batches of one rank.

    The order of sequences is: phases in order, in each phase shards in order, in each shard sequences in order; in
    epochs beyond the first, the sequences of each phase permuted. A step takes the next ``batch`` sequences of the
    phase; of these, rank ``r`` gets number ``r``, ``r + world``, and so on. So what is seen at which step depends on
    ``batch`` alone, never on ``world``. A batch never mixes phases: where a phase ends, padding rows fill the last one.

    Where ``world`` does not divide ``batch``, the first ranks get one row more: weigh gradients by rows or tokens.
    """

    def __init__(
        self,
        dataset: Union[Dataset, str, os.PathLike],
        rank: int = 0,
        world: int = 1,
        batch: int = 1,
        phase: Union[None, str, int] = None,
        state: Optional[Dict[str, Any]] = None,
        epochs: Optional[int] = 1,
        seed: Optional[int] = None,
        pad_id: Optional[int] = None,
    ):
        """Prepares to read; shards are opened when they are needed, and checked then.

        Args:
            batch: sequences of a step over all ranks together.
            phase: only this phase, by name or number from 0.
            state: where to go on, from `state_dict` or `Batch.state`.
            epochs: end after this many; None never ends.
            seed: of the permutations of later epochs; the manifest's by default.
            pad_id: the id in padding; by default the one that ends documents, or 0.

        Raises:
            DataError: numbers that do not fit together, or a state of another set.
        """
        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        if not 0 <= rank < world:
            raise DataError(f"rank {rank} is not one of {world}; ranks count from 0")
        if batch < world:
            raise DataError(f"a batch of {batch} sequences is too small for {world} ranks; each needs one at least")
        self.rank, self.world, self.batch, self.epochs = rank, world, batch, epochs
        self.seed = self.dataset.seed if seed is None else seed
        self.pad_id = pad_id if pad_id is not None else self.dataset.eos or 0
        phases = self.dataset.phases
        self._numbers = range(len(phases)) if phase is None else [self.dataset.phase_number(phase)]
        #: Where each phase begins in the order of an epoch, and where the last one ends.
        self._begins = np.cumsum([0] + [one.n_sequences for one in phases], dtype=np.int64).tolist()
        self._shard_begins = [np.cumsum([0] + [s.n_sequences for s in one.shards], dtype=np.int64) for one in phases]
        self._open: "OrderedDict[tuple, OpenShard]" = OrderedDict()
        self._checked: set = set()
        self._order: tuple = (None, None)
        self._first = self._begins[self._numbers[0]] if self._numbers else 0
        self._end = self._begins[self._numbers[-1] + 1] if self._numbers else 0
        self.epoch, self.global_sample = 0, self._first
        if state is not None:
            self.load_state_dict(state)

    def state_dict(self) -> Dict[str, Any]:
        """Where the reader stands: the same for every rank, and good for any number of them."""
        return {
            "version": STATE_VERSION,
            "seed": self.seed,
            "epoch": self.epoch,
            "global_sample": self.global_sample,
            "manifest_digest": self.dataset.manifest_digest,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Goes on where another reader of the same set stood, whatever its rank and number of ranks were.

        Raises:
            DataError: the state is of another set, of another version, or lies outside the phases that are read.
        """
        numbers = [state.get(name) for name in ("version", "seed", "epoch", "global_sample")]
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise DataError(f"this is no state of a reader: {state}")
        if numbers[0] != STATE_VERSION:
            raise DataError(f"the state has version {numbers[0]}, and this reader knows version {STATE_VERSION}")
        digest = state.get("manifest_digest")
        if digest != self.dataset.manifest_digest:
            raise DataError(
                f"the state belongs to the set with the manifest {str(digest)[:12]}…, and `{self.dataset.path}` is "
                f"{self.dataset.manifest_digest[:12]}…: going on would repeat and skip data; hint: open the set that "
                "training began with, or start without a state"
            )
        if not self._first <= numbers[3] <= self._end:
            raise DataError(
                f"the state stands at sequence {numbers[3]}, and this reader reads {self._first} to {self._end}"
                "; hint: name the same phase as before"
            )
        self.seed, self.epoch, self.global_sample = numbers[1:]

    def documents(self, sample: int, epoch: int = 0) -> List[str]:
        """The documents of a sequence, in order; needs pyarrow, and is for looking, not for training.

        ``sample`` and ``epoch`` are those of a `Batch`; a document of which the sequence has a part counts.

        Raises:
            DataError: there is no such sequence, pyarrow is not installed, or the set has no table of pieces.
        """
        if not 0 <= sample < self._begins[-1]:
            raise DataError(f"there is no sequence {sample}; the set has {self._begins[-1]}")
        ((shard, first, last),) = self._find(self._phase_at(sample), epoch, np.array([sample]))
        return shard.documents(first, last)

    def skip(self, n_steps: int) -> int:
        """Goes forward by some steps without reading them; returns how many there were."""
        for done in range(n_steps):
            if not self._advance():
                return done
            self.global_sample = self._step_end()
        return n_steps

    def __iter__(self) -> Iterator[Batch]:
        """The batches from here on. The state is that behind the batch that was given out last."""
        while self._advance():
            begin, end = self.global_sample, self._step_end()
            number, epoch = self._phase_at(begin), self.epoch
            wanted = begin + np.arange(self.rank, self.batch, self.world, dtype=np.int64)
            batch = self._read(number, epoch, wanted, end)
            self.global_sample = end
            batch.state.update(self.state_dict())
            yield batch

    def _advance(self) -> bool:
        """Enters the next epoch where one has ended; whether there is a batch to read."""
        if self._first == self._end:
            return False
        if self.global_sample >= self._end:
            self.epoch, self.global_sample = self.epoch + 1, self._first
        return self.epochs is None or self.epoch < self.epochs

    def _phase_at(self, sample: int) -> int:
        return bisect_right(self._begins, sample) - 1

    def _step_end(self) -> int:
        return min(self.global_sample + self.batch, self._begins[self._phase_at(self.global_sample) + 1])

    def _read(self, number: int, epoch: int, wanted: np.ndarray, end: int) -> Batch:
        """The sequences with these numbers; those from ``end`` on are padding."""
        phase = self.dataset.phases[number]
        n_real = bisect_left(wanted, end)
        samples = np.full(len(wanted), -1, np.int64)
        samples[:n_real] = wanted[:n_real]
        found = self._find(number, epoch, wanted[:n_real])
        n_tokens = np.zeros(len(wanted), np.int64)
        n_tokens[:n_real] = [last - first for _, first, last in found]
        width = phase.context or max(1, int(n_tokens.max(initial=0)))
        tokens = np.empty((len(wanted), width), np.int32)
        tokens[n_real:] = self.pad_id
        cu_seqlens = []
        for row, (shard, first, last) in zip(tokens, found):
            n = last - first
            row[:n] = shard.ids[first:last]
            row[n:] = self.pad_id
            inner = shard.index.starts_between(first, last)
            bounds = np.empty(len(inner) + 2, np.int32)
            bounds[0], bounds[1:-1], bounds[-1] = 0, inner - first, n
            cu_seqlens.append(bounds)
        cu_seqlens.extend(np.zeros(2, np.int32) for _ in range(len(wanted) - n_real))
        return Batch(phase.name, epoch, samples, tokens, n_tokens, cu_seqlens)

    def _find(self, number: int, epoch: int, samples: np.ndarray) -> List[Tuple[OpenShard, int, int]]:
        """Where sequences of a phase lie: the shard, and the first token and the one behind the last."""
        if self._order[0] != (number, epoch, self.seed):
            order = epoch_order(self.dataset.phases[number].n_sequences, self.seed, epoch, number)
            self._order = ((number, epoch, self.seed), order)
        sequences = self._order[1](samples - self._begins[number])
        begins = self._shard_begins[number]
        owners = np.searchsorted(begins, sequences, "right") - 1
        found = []
        for owner, at in zip(owners.tolist(), (sequences - begins[owners]).tolist()):
            shard = self._shard(number, owner)
            found.append((shard, int(shard.offsets[at]), int(shard.offsets[at + 1])))
        return found

    def _shard(self, number: int, at: int) -> OpenShard:
        """A shard, opened. Its numbers are checked the first time only."""
        key = (number, at)
        shard = self._open.get(key)
        if shard is None:
            phase: Phase = self.dataset.phases[number]
            shard = OpenShard(phase.shards[at], self.dataset.dtype, phase.context, key not in self._checked)
            self._checked.add(key)
            self._open[key] = shard
            if len(self._open) > MAX_OPEN_SHARDS:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(key)
        return shard
