"""The reader behind torch's `DataLoader`: steps in order for any number of workers, and resumed."""
import importlib.util
import unittest

from context import InFolder
from synthetic import write_usual

from tokenmill_reader import Reader

HAS_TORCH = importlib.util.find_spec("torch") is not None
BATCH = 12


@unittest.skipUnless(HAS_TORCH, "torch is not installed")
class Loading(InFolder):
    def setUp(self):
        super().setUp()
        write_usual(self.folder)
        self.alone = [one.samples.tolist() for one in Reader(self.folder, batch=BATCH, epochs=2)]

    def dataset(self, state=None):
        from tokenmill_reader.torch_data import TorchDataset

        return TorchDataset(Reader(self.folder, batch=BATCH, epochs=2, state=state))

    def load(self, dataset, n_workers):
        from torch.utils.data import DataLoader

        return list(DataLoader(dataset, batch_size=None, num_workers=n_workers))

    def test_any_number_of_workers_gives_steps_in_order(self):
        for n_workers in (0, 1, 2, 3):
            found = self.load(self.dataset(), n_workers)
            self.assertEqual([one["samples"].tolist() for one in found], self.alone, n_workers)

    def test_tensors_are_what_the_batch_has(self):
        import torch

        batch = next(iter(Reader(self.folder, batch=BATCH)))
        found = next(iter(self.dataset()))
        self.assertEqual(found["tokens"].dtype, torch.int64)
        self.assertEqual(found["tokens"].tolist(), batch.tokens.tolist())
        self.assertEqual(found["labels"].tolist(), batch.labels().tolist())
        self.assertEqual(found["position_ids"].tolist(), batch.position_ids().tolist())
        self.assertEqual([one.tolist() for one in found["cu_seqlens"]], [one.tolist() for one in batch.cu_seqlens])

    def test_the_state_of_a_batch_resumes_with_other_workers(self):
        for at, before, after in ((0, 2, 0), (4, 3, 2), (7, 0, 3), (11, 2, 1)):
            state = self.load(self.dataset(), before)[at]["state"]
            found = self.load(self.dataset(state), after)
            self.assertEqual([one["samples"].tolist() for one in found], self.alone[at + 1 :])
            again = self.dataset()
            again.load_state_dict(state)
            self.assertEqual([one["samples"].tolist() for one in self.load(again, after)], self.alone[at + 1 :])

    def test_the_state_of_each_worker_resumes_that_worker(self):
        from unittest import mock

        from torch.utils.data import _utils

        def worker(number, n_workers, state, n_steps=None):
            """What one worker reads, and its state at the end: what `StatefulDataLoader` does in each process."""
            info = mock.Mock(id=number, num_workers=n_workers)
            with mock.patch.object(_utils.worker, "_worker_info", info):
                dataset = self.dataset()
                if state is not None:
                    dataset.load_state_dict(state)
                seen, batches = [], iter(dataset)
                while n_steps is None or len(seen) < n_steps:
                    batch = next(batches, None)
                    if batch is None:
                        break
                    seen.append(batch["samples"].tolist())
                return seen, dataset.state_dict()

        for n_workers in (1, 2, 3):
            for number in range(n_workers):
                for n_steps in (0, 1, 3):
                    begun, state = worker(number, n_workers, None, n_steps)
                    rest, _ = worker(number, n_workers, state)
                    self.assertEqual(begun + rest, self.alone[number::n_workers])

    @unittest.skipUnless(importlib.util.find_spec("torchdata"), "torchdata is not installed")
    def test_stateful_data_loader(self):
        from torchdata.stateful_dataloader import StatefulDataLoader

        for n_workers in (0, 2):
            loader = StatefulDataLoader(self.dataset(), batch_size=None, num_workers=n_workers)
            batches = iter(loader)
            begun = [next(batches)["samples"].tolist() for _ in range(5)]
            state = loader.state_dict()
            again = StatefulDataLoader(self.dataset(), batch_size=None, num_workers=n_workers)
            again.load_state_dict(state)
            self.assertEqual(begun + [one["samples"].tolist() for one in again], self.alone)


if __name__ == "__main__":
    unittest.main()
