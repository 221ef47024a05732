"""What all tests share: the package on the path, a folder for each test, and sets to read in it."""
import sys
import tempfile
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PACKAGE))


class InFolder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


def real(batches):
    """The sequences of batches without padding rows: phase, ids, cu_seqlens."""
    return [
        (batch.phase, one.tokens[: one.n_tokens].tolist(), one.cu_seqlens.tolist())
        for batch in batches
        for one in batch
        if one.sample >= 0
    ]
