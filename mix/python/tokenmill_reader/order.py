"""In which order the sequences of a phase are read: as they lie in the first epoch, permuted in each later one.

The shards are shuffled already, so the first epoch reads them from end to end. A later epoch reads the same sequences
through a permutation of their numbers that is computed, not stored: no data is written again, and no memory is needed.
"""
import numpy as np

ROUNDS = 6
_MASK = (1 << 64) - 1


def mix(value: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of a u64 changes about half of the others."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


class Permutation:
    """A permutation of the numbers from 0 to ``n - 1``, drawn by a key.

    A Feistel network over pairs (left, right) of a grid of about the square root of ``n`` each (Black and Rogaway 2002,
    "Ciphers with arbitrary finite domains"); what falls outside is sent through again until it falls inside.
    """

    def __init__(self, n: int, *key: int):
        self.n = n
        self.rows = max(1, int(np.ceil(np.sqrt(float(max(n, 1))))))
        self.columns = max(1, -(-n // self.rows))
        state = 0
        for number in (n, *key):
            state = int(mix(np.array([(state + 0x9E3779B97F4A7C15 + number) & _MASK], np.uint64))[0])
        rounds = np.arange(1, ROUNDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self.keys = mix(rounds + np.uint64(state))

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Where each number goes; the numbers must be below ``n``."""
        places = self._once(np.asarray(numbers, np.uint64))
        while (outside := places >= np.uint64(self.n)).any():
            places[outside] = self._once(places[outside])
        return places.astype(np.int64)

    def _once(self, numbers: np.ndarray) -> np.ndarray:
        rows, columns = np.uint64(self.rows), np.uint64(self.columns)
        left, right = numbers // columns, numbers % columns
        for at in range(0, ROUNDS, 2):
            left = (left + mix(right + self.keys[at]) % rows) % rows
            right = (right + mix(left + self.keys[at + 1]) % columns) % columns
        return left * columns + right


def epoch_order(n: int, seed: int, epoch: int, phase: int):
    """The order of the ``n`` sequences of a phase: a function from places in the order to sequences."""
    if epoch == 0:
        return lambda places: np.asarray(places, np.int64)
    return Permutation(n, seed, epoch, phase)
