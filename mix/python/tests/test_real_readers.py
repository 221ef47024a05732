"""Other projects' readers and ours find the same in the same files; those that are not installed are skipped."""
import gzip
import importlib.util
import json
import subprocess
import sys
import unittest

import numpy as np
from context import PACKAGE, InFolder
from synthetic import write_usual

from tokenmill_reader import Dataset, read_index

DTYPES = ("int32", "uint16")

# Run by a process of its own: the reader's packages are imported in part, which nobody else should see.
WRITE_MDS = """
import json, sys
import numpy, real_readers
real_readers.without_inits("streaming", "streaming.base")
from streaming.base.format.mds.writer import MDSWriter
out, dtype = sys.argv[1:]
columns = {"tokens": "ndarray:" + dtype, "cu_seqlens": "ndarray:int32"}
with MDSWriter(out=out, columns=columns, hashes=["sha256"], size_limit=4096) as writer:
    for line in map(json.loads, sys.stdin):
        writer.write({name: numpy.array(line[name], kind[8:]) for name, kind in columns.items()})
"""


def run(*arguments, input=None):
    """What a Python program prints; warnings of old packages on new ones are of no interest."""
    command = [sys.executable, "-W", "ignore", *map(str, arguments)]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, input=input)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def needs(package):
    return unittest.skipUnless(importlib.util.find_spec(package), f"{package} is not installed")


class Same(InFolder):
    def setUp(self):
        super().setUp()
        for dtype in DTYPES:
            write_usual(self.folder / dtype, dtype)

    def documents(self, dtype):
        found = run("-m", "tokenmill_reader", "documents", self.folder / dtype)
        self.assertGreater(len(found.splitlines()), 150)
        return found

    def olmo(self, dtype):
        """An export in the form of OLMo, made from the set."""
        out = self.folder / "olmo" / dtype
        out.mkdir(parents=True)
        files = []
        for phase in Dataset(self.folder / dtype).phases:
            for number, shard in enumerate(phase.shards):
                name = f"{phase.name}-{number:05}"
                (out / f"{name}.npy").write_bytes(shard.paths["bin"].read_bytes())
                ends = np.cumsum(read_index(shard.paths["idx"]).lengths).tolist()
                with gzip.open(out / f"{name}.csv.gz", "wt") as lines:
                    lines.writelines(f"{start},{end}\n" for start, end in zip([0] + ends, ends))
                files += [{"name": f"{name}.npy"}, {"name": f"{name}.csv.gz"}]
        card = {"form": "olmo", "dtype": {"int32": "uint32"}.get(dtype, dtype), "files": files}
        (out / "export.json").write_text(json.dumps(card))
        return out

    def test_ours_finds_what_was_written(self):
        for dtype in DTYPES:
            expected = write_usual(self.folder / "again" / dtype, dtype)
            found = run("-m", "tokenmill_reader", "sequences", self.folder / dtype).splitlines()
            lines = [json.loads(line) for line in found]
            self.assertEqual([(line["tokens"], line["cu_seqlens"]) for line in lines], [one[1:] for one in expected])
            self.assertIn("sound", run("-m", "tokenmill_reader", "check", self.folder / dtype))

    def test_numpy_as_olmo(self):
        for dtype in DTYPES:
            self.assertEqual(run("real_readers.py", "olmo", self.olmo(dtype)), self.documents(dtype))

    @needs("olmo_core")
    def test_olmo_core(self):
        for dtype in DTYPES:
            self.assertEqual(run("real_readers.py", "olmo-core", self.olmo(dtype)), self.documents(dtype))

    @needs("megatron")
    def test_megatron_core(self):
        for dtype in DTYPES:
            self.assertEqual(run("real_readers.py", "megatron", self.folder / dtype), self.documents(dtype))

    @needs("streaming")
    def test_mosaicml_streaming(self):
        for dtype in DTYPES:
            sequences = run("-m", "tokenmill_reader", "sequences", self.folder / dtype)
            out = self.folder / "mds" / dtype
            run("-c", WRITE_MDS, out / "main", dtype, input=sequences)
            (out / "export.json").write_text(json.dumps({"files": [{"name": "main/index.json"}]}))
            self.assertGreater(len(list((out / "main").iterdir())), 3)
            self.assertEqual(run("real_readers.py", "mds", out), sequences)

    def test_what_is_not_installed_is_said(self):
        code = "import sys; sys.modules['megatron'] = None; sys.argv[1:] = ['megatron', sys.argv[1]]\n"
        code += "import real_readers; sys.exit(real_readers.main())"
        command = [sys.executable, "-c", code, str(self.folder / "int32")]
        done = subprocess.run(command, cwd=PACKAGE, capture_output=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"not installed: the reader `megatron`", done.stderr)


if __name__ == "__main__":
    unittest.main()
