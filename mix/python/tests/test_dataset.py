"""The manifest and the files: found where they are, and refused when they are damaged."""
import json
import struct
import unittest

from context import InFolder, real
from synthetic import idx_bytes, write_set, write_usual

from tokenmill_reader import DataError, Dataset, Reader, read_index


class Found(InFolder):
    def test_a_run_a_folder_and_a_manifest_are_the_same_set(self):
        expected = write_usual(self.folder)
        manifest = self.folder / "p6-index-1" / "dataset" / "abc.json"
        manifest.parent.mkdir(parents=True)
        (self.folder / "dataset.json").rename(manifest)
        parts = {"parts": [{"objects": {"dataset": {"key": "p6-index-1/dataset/abc.json"}}}]}
        (self.folder / "p6-index-1" / "manifest-1.json").write_text(json.dumps(parts))
        phases = [{"name": "shards", "manifest": None}, {"name": "index", "manifest": "p6-index-1/manifest-1.json"}]
        (self.folder / "plan.json").write_text(json.dumps({"name": "x", "phases": phases}))
        self.assertEqual(real(Reader(self.folder, batch=4)), expected)
        self.assertEqual(real(Reader(Dataset(manifest, self.folder), batch=4)), expected)
        (self.folder / "p6-index-1" / "manifest-1.json").unlink()
        with self.assertRaisesRegex(DataError, "no finished shards"):
            Dataset(self.folder)

    def test_a_folder_without_a_set_says_so(self):
        with self.assertRaisesRegex(DataError, "neither `dataset.json` nor `plan.json`"):
            Dataset(self.folder)


class Manifest(InFolder):
    def refused(self, change, why):
        """The set with a changed manifest is refused for this reason."""
        write_usual(self.folder)
        path = self.folder / "dataset.json"
        card = json.loads(path.read_text())
        change(card)
        path.write_text(json.dumps(card))
        with self.assertRaisesRegex(DataError, why):
            Dataset(self.folder)

    def test_what_cannot_be_understood_is_refused(self):
        self.refused(lambda card: card.update(version=3), "version 3, and this reader knows version 2")
        self.refused(lambda card: card.update(version=True), "version is True")
        self.refused(lambda card: card.update(format="mds"), "the format `mds`")
        self.refused(lambda card: card.update(dtype="int64"), "dtype is `int64`")
        self.refused(lambda card: card.update(n_tokens=5), "n_tokens is 5, but its parts have")
        self.refused(lambda card: card.update(phases=3), "phases is not a list")
        self.refused(lambda card: card.pop("seed"), "no `seed`")
        self.refused(lambda card: card["phases"][0].update(context=0), "no context length")
        self.refused(lambda card: card["phases"][0].update(n_sequences=-1), "not a whole number from 0")
        self.refused(lambda card: card["phases"][1].update(name="main"), "two phases of the same name")

    def test_a_key_cannot_lead_out_of_the_folder(self):
        for key in ("../secret", "/etc/passwd", "a//b", ""):
            self.refused(lambda card: card["phases"][0]["shards"][0]["bin"].update(key=key), "no path below the folder")

    def test_sizes_must_fit_counts(self):
        self.refused(lambda card: card["phases"][0]["shards"][0]["bin"].update(bytes=8), "its counts need 12000")

    def test_what_is_not_json_is_refused(self):
        (self.folder / "dataset.json").write_text("[" * 100_000)
        with self.assertRaisesRegex(DataError, "is not JSON"):
            Dataset(self.folder)


class Damaged(InFolder):
    def shard(self, kind):
        return self.folder / f"shards/0-0.{kind}"

    def refused(self, why):
        with self.assertRaisesRegex(DataError, why):
            real(Reader(self.folder, batch=4))

    def test_a_sound_set_has_no_problems(self):
        write_usual(self.folder)
        self.assertEqual(Dataset(self.folder).verify(full=True), [])

    def test_one_changed_bit_is_found_by_its_checksum(self):
        write_usual(self.folder)
        for kind in ("bin", "idx", "samples"):
            content = bytearray(self.shard(kind).read_bytes())
            content[-1] ^= 1
            self.shard(kind).write_bytes(content)
            self.assertEqual(Dataset(self.folder).verify(), [])
            (problem,) = Dataset(self.folder).verify(full=True)
            self.assertRegex(problem, f"0-0.{kind}` has another sha256")
            with self.assertRaisesRegex(DataError, "another sha256.*hint"):
                Dataset(self.folder).check(full=True)
            content[-1] ^= 1
            self.shard(kind).write_bytes(content)

    def test_files_that_are_cut_off_or_missing_are_refused(self):
        write_usual(self.folder)
        for kind in ("bin", "idx", "samples"):
            whole = self.shard(kind).read_bytes()
            self.shard(kind).write_bytes(whole[:-8])
            self.refused(f"0-0.{kind}` has {len(whole) - 8} bytes and should have {len(whole)}; hint")
            self.assertEqual(len(Dataset(self.folder).verify()), 1)
            self.shard(kind).unlink()
            self.refused(f"0-0.{kind}` is missing")
            self.shard(kind).write_bytes(whole)

    def test_samples_that_cannot_be_are_refused(self):
        write_usual(self.folder)
        whole = self.shard("samples").read_bytes()
        cases = ((0, 1, "not from 0 to"), (8, 1 << 40, "go backwards"), (8, 65, "a sequence of 65 tokens"))
        for at, value, why in cases:
            self.shard("samples").write_bytes(whole[:at] + struct.pack("<Q", value) + whole[at + 8 :])
            self.refused(why)


class IndexNumbers(InFolder):
    """Every number of an index is checked, so that no number can lead out of the ids."""

    def refused(self, content, why, bin_bytes=None):
        path = self.folder / "x.idx"
        path.write_bytes(content)
        with self.assertRaisesRegex(DataError, why):
            read_index(path, bin_bytes)

    def test_a_sound_index_is_read(self):
        for dtype, size in (("int32", 4), ("uint16", 2)):
            path = self.folder / "x.idx"
            path.write_bytes(idx_bytes([3, 0, 5], dtype))
            index = read_index(path, 8 * size)
            self.assertEqual(index.lengths.tolist(), [3, 0, 5])
            self.assertEqual(index.pointers.tolist(), [0, 3 * size, 3 * size])
            self.assertEqual(index.starts_between(0, 8).tolist(), [3])
            path.write_bytes(path.read_bytes() + b"\0\0\0")
            self.assertEqual(read_index(path).documents.tolist(), [0, 1, 2, 3])

    def test_every_field_is_checked(self):
        good = idx_bytes([3, 0, 5], "int32")

        def with_bytes(at, format, value):
            content = bytearray(good)
            struct.pack_into(format, content, at, value)
            return bytes(content)

        self.refused(b"", "not a Megatron index")
        self.refused(good[:20], "not a Megatron index")
        self.refused(with_bytes(0, "<B", 7), "not a Megatron index")
        self.refused(with_bytes(9, "<Q", 2), "version 2")
        self.refused(with_bytes(17, "<B", 6), "ids as type 6")
        self.refused(with_bytes(17, "<B", 99), "ids as type 99")
        self.refused(with_bytes(18, "<Q", 1 << 62), "its header needs")
        self.refused(with_bytes(26, "<Q", 0), "its header needs")
        self.refused(good[:-1], "its header needs")
        self.refused(with_bytes(34, "<i", -3), "a negative length")
        self.refused(with_bytes(34, "<i", 4), "do not lie end to end")
        self.refused(with_bytes(46, "<q", 4), "do not lie end to end")
        self.refused(with_bytes(62, "<q", -8), "do not lie end to end")
        self.refused(good, "end at byte 32, and the ids have 36 bytes", bin_bytes=36)
        self.refused(with_bytes(70, "<q", 1), "do not cover")
        self.refused(with_bytes(94, "<q", 9), "do not cover")
        self.refused(with_bytes(78, "<q", 3), "go backwards")

    def test_an_index_of_other_ids_is_refused(self):
        write_set(self.folder, [("main", 8, [[[1, 2, 3, 4]]])], "int32")
        path = self.folder / "shards/0-0.idx"
        path.write_bytes(path.read_bytes().replace(b"\x04", b"\x08", 1))
        with self.assertRaisesRegex(DataError, "damaged|type"):
            real(Reader(self.folder))


if __name__ == "__main__":
    unittest.main()
