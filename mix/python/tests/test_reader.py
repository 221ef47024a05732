"""The order: every sequence once per epoch, the same at any number of ranks, and resumed at any step."""
import json
import unittest
from unittest import mock

import numpy as np
from context import InFolder, real
from synthetic import write_set, write_usual

from tokenmill_reader import IGNORE, DataError, Dataset, Permutation, Reader

BATCH = 24


def steps(dataset, world, batch=BATCH, n_steps=None, state=None, **options):
    """What all ranks together see at each step: the rows of the batch in order, with their samples."""
    readers = [iter(Reader(dataset, rank, world, batch, state=state, **options)) for rank in range(world)]
    seen = []
    while n_steps is None or len(seen) < n_steps:
        batches = [next(reader, None) for reader in readers]
        if batches[0] is None:
            assert all(one is None for one in batches), "ranks end at different steps"
            break
        assert all(one.state == batches[0].state for one in batches), "ranks have different states"
        rows = [None] * batch
        for rank, one in enumerate(batches):
            for at, row in enumerate(one):
                rows[rank + at * world] = (row.sample, row.tokens.tolist(), row.cu_seqlens.tolist())
        seen.append((batches[0].phase, batches[0].epoch, rows, batches[0].state))
    return seen


class Order(InFolder):
    def test_every_sequence_comes_once_and_in_order(self):
        for dtype in ("int32", "uint16"):
            for packing in ("concat", "best_fit"):
                folder = self.folder / dtype / packing
                expected = write_usual(folder, dtype, packing)
                self.assertGreater(len(expected), 90)
                for batch in (1, 7, 24, 500):
                    self.assertEqual(real(Reader(folder, batch=batch)), expected)

    def test_any_number_of_ranks_sees_the_same(self):
        write_usual(self.folder)
        alone = steps(self.folder, 1, epochs=2)
        for world in (2, 3, 4, 5, 8, 24):
            self.assertEqual(steps(self.folder, world, epochs=2), alone, world)

    def test_any_number_of_ranks_resumes_at_any_step(self):
        write_usual(self.folder)
        alone = steps(self.folder, 1, epochs=3)
        worlds = (1, 2, 3, 4, 8)
        for at in range(len(alone)):
            before, after = worlds[at % 5], worlds[(at + 1) % 5]
            begun = steps(self.folder, before, n_steps=at + 1, epochs=3)
            self.assertEqual(begun, alone[: at + 1])
            state = json.loads(json.dumps(begun[-1][3]))
            self.assertEqual(steps(self.folder, after, state=state, epochs=3), alone[at + 1 :], at)

    def test_skipping_is_reading_without_looking(self):
        write_usual(self.folder)
        alone = steps(self.folder, 1, epochs=2)
        for n in (0, 1, 5, len(alone), len(alone) + 9):
            reader = Reader(self.folder, batch=BATCH, epochs=2)
            self.assertEqual(reader.skip(n), min(n, len(alone)))
            found = [one.samples.tolist() for one in reader]
            self.assertEqual(found, [[row[0] for row in step[2]] for step in alone[n:]])

    def test_a_batch_never_mixes_phases_and_the_last_one_is_padded(self):
        expected = write_usual(self.folder)
        n_main = sum(phase == "main" for phase, *_ in expected)
        batches = list(Reader(self.folder, batch=BATCH))
        self.assertTrue(n_main % BATCH)
        last = [one for one in batches if one.phase == "main"][-1]
        n_real = n_main % BATCH
        self.assertEqual(last.samples.tolist(), list(range(n_main - n_real, n_main)) + [-1] * (BATCH - n_real))
        self.assertFalse(last.loss_mask()[n_real:].any())
        self.assertTrue((last.labels()[n_real:] == IGNORE).all())
        self.assertEqual({one.tokens.shape for one in batches if one.phase == "main"}, {(BATCH, 64)})
        self.assertEqual({one.tokens.shape for one in batches if one.phase == "long"}, {(BATCH, 128)})

    def test_shards_may_be_closed_and_opened_again(self):
        write_usual(self.folder)
        alone = steps(self.folder, 1, epochs=2)
        with mock.patch("tokenmill_reader.reader.MAX_OPEN_SHARDS", 1):
            self.assertEqual(steps(self.folder, 2, epochs=2), alone)

    def test_one_phase_can_be_read_alone(self):
        expected = write_usual(self.folder)
        for phase in ("long", 1):
            self.assertEqual(real(Reader(self.folder, batch=5, phase=phase)), [e for e in expected if e[0] == "long"])
        found = [(one.epoch, one.phase) for one in Reader(self.folder, batch=500, phase="long", epochs=2)]
        self.assertEqual(found, [(0, "long"), (1, "long")])
        with self.assertRaisesRegex(DataError, "no phase `short`; the phases are main, long"):
            Reader(self.folder, phase="short")

    def test_sequences_without_limit(self):
        shards = [[[1, 2], [], [3, 4, 5]], [[7]]]
        expected = write_set(self.folder, [("all", 0, shards)], packing="none")
        self.assertEqual([ids for _, ids, _ in expected], [[1, 2], [], [3, 4, 5], [7]])
        self.assertEqual(real(Reader(self.folder, batch=2)), expected)
        self.assertEqual([one.tokens.shape for one in Reader(self.folder, batch=2)], [(2, 2), (2, 3)])

    def test_a_set_without_sequences_has_no_batches(self):
        write_set(self.folder, [("main", 8, [[], [[]]])])
        self.assertEqual(list(Reader(self.folder, epochs=None)), [])


class Epochs(InFolder):
    def test_a_later_epoch_is_a_permutation_within_phases(self):
        expected = write_usual(self.folder)
        epochs = {}
        for batch in Reader(self.folder, batch=BATCH, epochs=3):
            epochs.setdefault(batch.epoch, []).extend(real([batch]))
        self.assertEqual(epochs[0], expected)
        for epoch in (1, 2):
            self.assertEqual([one[0] for one in epochs[epoch]], [one[0] for one in expected])
            self.assertEqual(sorted(epochs[epoch]), sorted(expected))
            self.assertNotEqual(epochs[epoch], expected)
        self.assertNotEqual(epochs[1], epochs[2])
        other = [b for b in Reader(self.folder, batch=BATCH, epochs=2, seed=2) if b.epoch == 1]
        self.assertNotEqual(real(other), epochs[1])

    def test_a_permutation_hits_every_number_once(self):
        for n in (1, 2, 3, 4, 5, 7, 16, 97, 100, 1000, 65_537):
            for key in range(3):
                self.assertEqual(np.unique(Permutation(n, key)(np.arange(n))).tolist(), list(range(n)))
        large = Permutation(15_000_000_000, 1)(np.arange(100_000))
        self.assertEqual(len(np.unique(large)), 100_000)
        self.assertTrue(0 <= large.min() and large.max() < 15_000_000_000)

    def test_a_permutation_looks_drawn(self):
        n = 10_000
        places = Permutation(n, 1, 2, 3)(np.arange(n))
        # A random permutation has one fixed point on average, and neighbours have no correlation.
        self.assertLess((places == np.arange(n)).sum(), 8)
        self.assertLess(abs(np.corrcoef(places[:-1], places[1:])[0, 1]), 0.04)
        self.assertLess(abs(np.corrcoef(places, np.arange(n))[0, 1]), 0.04)
        thirds = np.histogram(places[: n // 10], 10, (0, n))[0]
        self.assertTrue((thirds > 60).all() and (thirds < 140).all(), thirds)

    def test_without_an_end_epochs_follow_one_another(self):
        expected = write_usual(self.folder)
        reader = iter(Reader(self.folder, batch=500, epochs=None))
        self.assertEqual([next(reader).epoch for _ in range(7)], [0, 0, 1, 1, 2, 2, 3])
        self.assertLess(len(expected), 500)


class State(InFolder):
    def test_a_state_of_another_set_is_refused(self):
        write_usual(self.folder / "a")
        write_usual(self.folder / "b", n_tokens=3100)
        state = Reader(self.folder / "a").state_dict()
        self.assertEqual(state["manifest_digest"], Dataset(self.folder / "a").manifest_digest)
        with self.assertRaisesRegex(DataError, "belongs to the set with the manifest.*repeat and skip data; hint"):
            Reader(self.folder / "b", state=state)

    def test_a_state_brings_its_seed(self):
        write_usual(self.folder)
        alone = steps(self.folder, 1, epochs=2, seed=9)
        self.assertEqual(steps(self.folder, 2, epochs=2, state=alone[3][3]), alone[4:])
        self.assertNotEqual(steps(self.folder, 1, epochs=2), alone)
        # A reader that has read by another seed already.
        reader = Reader(self.folder, batch=BATCH, epochs=2)
        self.assertEqual(len(list(reader)), len(alone))
        reader.load_state_dict(alone[-2][3])
        self.assertEqual([row.tokens.tolist() for row in next(iter(reader))], [row[1] for row in alone[-1][2]])

    def test_what_is_no_state_is_refused(self):
        write_usual(self.folder)
        reader = Reader(self.folder)
        good = reader.state_dict()
        for change, why in (
            ({"version": 9}, "version 9"),
            ({"epoch": "1"}, "no state"),
            ({"global_sample": -1}, "no state"),
            ({"global_sample": 10**9}, "stands at sequence 1000000000"),
        ):
            with self.assertRaisesRegex(DataError, why):
                reader.load_state_dict({**good, **change})
        with self.assertRaisesRegex(DataError, "no state"):
            reader.load_state_dict({})

    def test_ranks_must_fit(self):
        write_usual(self.folder)
        for rank, world, batch, why in ((2, 2, 4, "rank 2 is not one of 2"), (0, 8, 4, "too small for 8 ranks")):
            with self.assertRaisesRegex(DataError, why):
                Reader(self.folder, rank, world, batch)


class Helpers(InFolder):
    def test_labels_positions_and_masks(self):
        write_set(self.folder, [("main", 8, [[[5, 6, 0], [], [7, 0], [8, 9, 0], [4, 4, 0]]])])
        first, second = list(Reader(self.folder, batch=2, pad_id=99))[0]
        batch = next(iter(Reader(self.folder, batch=2, pad_id=99)))
        self.assertEqual(first.tokens.tolist(), [5, 6, 0, 7, 0, 8, 9, 0])
        self.assertEqual(second.tokens.tolist(), [4, 4, 0, 99, 99, 99, 99, 99])
        self.assertEqual([one.cu_seqlens.tolist() for one in batch], [[0, 3, 5, 8], [0, 3]])
        self.assertEqual(first.cu_seqlens.dtype, np.int32)
        self.assertEqual(batch.position_ids().tolist(), [[0, 1, 2, 0, 1, 0, 1, 2], [0, 1, 2, 0, 0, 0, 0, 0]])
        self.assertEqual(batch.loss_mask().sum(1).tolist(), [8, 3])
        x = IGNORE
        self.assertEqual(batch.labels().tolist(), [[6, 0, 7, 0, 8, 9, 0, x], [4, 0, x, x, x, x, x, x]])
        self.assertEqual(batch.labels(False).tolist(), [[6, 0, x, 0, x, 9, 0, x], [4, 0, x, x, x, x, x, x]])

    def test_the_documents_of_a_sequence(self):
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            self.skipTest("pyarrow is not installed")
        write_set(self.folder, [("main", 4, [[[5, 6, 0], [], [7, 0], [8, 9, 0]]])])
        table = pyarrow.table({"id": ["a", "b", "c", "d"]})
        parquet.write_table(table, self.folder / "shards/0-0.pieces.parquet")
        reader = Reader(self.folder)
        self.assertEqual([reader.documents(at) for at in range(2)], [["a", "c"], ["c", "d"]])


if __name__ == "__main__":
    unittest.main()
