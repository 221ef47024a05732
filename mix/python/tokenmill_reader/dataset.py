"""The manifest of a set of shards: finding it, reading it, and comparing the files with it."""
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from .errors import DataError

VERSION = 2
"""The version of the manifest that this package reads."""

DTYPES = {"int32": np.dtype("<i4"), "uint16": np.dtype("<u2")}
FILES = ("bin", "idx", "samples")
"""The files of a shard that training needs; a checksum is known of each."""

MAX_MANIFEST_BYTES = 1 << 31
MAX_CONTEXT = 1 << 28
PACKINGS = ("concat", "best_fit", "none")


@dataclass(frozen=True)
class Shard:
    """Some consecutive sequences of a phase: where their files are, and what is in them."""

    name: str
    paths: Dict[str, Path] = field(repr=False)
    bytes: Dict[str, int] = field(repr=False)
    sha256: Dict[str, str] = field(repr=False)
    n_pieces: int
    n_tokens: int
    n_sequences: int


@dataclass(frozen=True)
class Phase:
    """A part of the training with one context length, in tokens; 0 is no limit."""

    name: str
    context: int
    shards: Tuple[Shard, ...] = field(repr=False)
    n_tokens: int
    n_sequences: int


class Dataset:
    """A set of shards as its manifest describes it. Opening one reads the manifest only."""

    def __init__(self, path: Union[str, os.PathLike], root: Optional[Union[str, os.PathLike]] = None):
        """Reads the manifest.

        ``path`` is a folder with ``dataset.json``, a run directory with ``plan.json``, or a manifest; of the last,
        ``root`` is the folder that its keys start from (without it, the folder of the manifest).

        Raises:
            DataError: there is no manifest, it cannot be understood, or it contradicts itself.
        """
        self.path, self.root = _locate(Path(path), None if root is None else Path(root))
        content = _read(self.path)
        self.manifest_digest: str = hashlib.sha256(content).hexdigest()
        """sha256 of the bytes of the manifest: what a state is bound to."""
        card = _Card(_json(content, self.path), str(self.path))
        version = card.number("version", least=0)
        if version != VERSION:
            raise DataError(
                f"`{self.path}` has version {version}, and this reader knows version {VERSION}"
                "; hint: use the reader that came with the program that wrote it"
            )
        if card.text("format") != "megatron":
            raise DataError(
                f"`{self.path}` has the format `{card.text('format')}`, and this reader reads `megatron` only"
                "; hint: export the run with `--form megatron`, or read it in place"
            )
        self.dtype: np.dtype = DTYPES[card.one_of("dtype", tuple(DTYPES))]
        self.packing: str = card.one_of("packing", PACKINGS)
        self.seed: int = card.number("seed", least=0)
        tokenizer = card.card("tokenizer")
        self.bos, self.eos = tokenizer.optional("bos"), tokenizer.optional("eos")
        self.vocab_size: int = tokenizer.number("vocab_size", least=1)
        self.phases: Tuple[Phase, ...] = tuple(self._phase(phase) for phase in card.cards("phases"))
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise DataError(f"`{self.path}` has two phases of the same name: {', '.join(names)}")
        self.n_tokens: int = card.total("n_tokens", [phase.n_tokens for phase in self.phases])
        self.n_sequences: int = card.total("n_sequences", [phase.n_sequences for phase in self.phases])

    def __repr__(self) -> str:
        return f"Dataset({str(self.path)!r}, {len(self.phases)} phases, {self.n_sequences} sequences)"

    def phase_number(self, phase: Union[str, int]) -> int:
        """The place of a phase, which is named or numbered from 0."""
        names = [one.name for one in self.phases]
        if isinstance(phase, str) and phase in names:
            return names.index(phase)
        if isinstance(phase, int) and 0 <= phase < len(names):
            return phase
        raise DataError(f"there is no phase `{phase}`; the phases are {', '.join(names)}")

    def verify(self, full: bool = False) -> List[str]:
        """What is wrong with the files: one line each, and none when all is well.

        Looks at sizes, and with ``full`` at the sha256 of every byte as well.
        """
        problems = []
        for phase in self.phases:
            for shard in phase.shards:
                for kind in FILES:
                    problems.extend(_problem(shard, kind, full))
        return problems

    def check(self, full: bool = False) -> None:
        """Like `verify`, but any problem is a `DataError`."""
        problems = self.verify(full)
        if problems:
            more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
            raise DataError("; ".join(problems[:5]) + more + "; hint: copy these files again from where they were made")

    def _phase(self, card: "_Card") -> Phase:
        context = card.number("context", least=0, most=MAX_CONTEXT)
        if context == 0 and self.packing != "none":
            raise DataError(f"{card.where} has no context length, which only the packing `none` can do without")
        shards = tuple(self._shard(shard) for shard in card.cards("shards"))
        n_tokens = card.total("n_tokens", [shard.n_tokens for shard in shards])
        n_sequences = card.total("n_sequences", [shard.n_sequences for shard in shards])
        return Phase(card.text("name"), context, shards, n_tokens, n_sequences)

    def _shard(self, card: "_Card") -> Shard:
        paths, sizes, digests = {}, {}, {}
        for kind in FILES:
            file = card.card(kind)
            paths[kind], sizes[kind] = self._inside(file.text("key"), file.where), file.number("bytes", least=0)
            digests[kind] = card.card("sha256").text(kind)
        if "pieces" in card.content:
            paths["pieces"] = self._inside(card.card("pieces").text("key"), card.where)
        n_tokens, n_sequences = card.number("n_tokens", least=0), card.number("n_sequences", least=0)
        wanted = {"bin": n_tokens * self.dtype.itemsize, "samples": 8 * (n_sequences + 1)}
        for kind, size in wanted.items():
            if sizes[kind] != size:
                raise DataError(f"{card.where}.{kind} is said to have {sizes[kind]} bytes, but its counts need {size}")
        return Shard(
            card.text("prefix"), paths, sizes, digests, card.number("n_pieces", least=0), n_tokens, n_sequences
        )

    def _inside(self, key: str, where: str) -> Path:
        parts = key.split("/")
        if not key or key.startswith("/") or "\\" in key or any(part in ("", ".", "..") for part in parts):
            raise DataError(f"{where} has the key `{key}`, which is no path below the folder of the set")
        return self.root.joinpath(*parts)


class _Card:
    """An object of the manifest whose fields are checked when they are asked for."""

    def __init__(self, content: Any, where: str):
        if not isinstance(content, dict):
            raise DataError(f"{where} is not an object")
        self.content, self.where = content, where

    def field(self, name: str) -> Any:
        if name not in self.content:
            raise DataError(f"{self.where} has no `{name}`")
        return self.content[name]

    def text(self, name: str) -> str:
        value = self.field(name)
        if not isinstance(value, str):
            raise DataError(f"{self.where}.{name} is not a text")
        return value

    def one_of(self, name: str, known: Tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in known:
            raise DataError(f"{self.where}.{name} is `{value}`; known are {', '.join(known)}")
        return value

    def number(self, name: str, least: int, most: int = (1 << 64) - 1) -> int:
        value = self.field(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise DataError(f"{self.where}.{name} is {value!r}, not a whole number from {least} to {most}")
        return value

    def optional(self, name: str) -> Optional[int]:
        return None if self.content.get(name) is None else self.number(name, least=0, most=(1 << 31) - 1)

    def card(self, name: str) -> "_Card":
        return _Card(self.field(name), f"{self.where}.{name}")

    def cards(self, name: str) -> List["_Card"]:
        values = self.field(name)
        if not isinstance(values, list):
            raise DataError(f"{self.where}.{name} is not a list")
        return [_Card(value, f"{self.where}.{name}[{at}]") for at, value in enumerate(values)]

    def total(self, name: str, parts: List[int]) -> int:
        value = self.number(name, least=0)
        if value != sum(parts):
            raise DataError(f"{self.where}.{name} is {value}, but its parts have {sum(parts)}")
        return value


def _locate(path: Path, root: Optional[Path]) -> Tuple[Path, Path]:
    """The manifest, and the folder that its keys start from."""
    if path.is_file():
        return path, path.parent if root is None else root
    if (path / "dataset.json").is_file():
        return path / "dataset.json", path if root is None else root
    if not (path / "plan.json").is_file():
        raise DataError(
            f"`{path}` has neither `dataset.json` nor `plan.json`"
            "; hint: name a run directory, an exported folder, or a manifest"
        )
    key = _index_of_run(path)
    return path / key, path


def _index_of_run(run: Path) -> str:
    """The key of the manifest of shards, as the last phase `index` of the run has committed it."""
    unfinished = f"the run in `{run}` has no finished shards; hint: let `tokenmill` finish it"
    plan = run / "plan.json"
    phases = [phase for phase in _Card(_json(_read(plan), plan), str(plan)).cards("phases")]
    index = [phase for phase in phases if phase.text("name") == "index"]
    if not index or not isinstance(index[-1].content.get("manifest"), str):
        raise DataError(unfinished)
    manifest = run / index[-1].text("manifest")
    if not manifest.is_file():
        raise DataError(unfinished)
    parts = _Card(_json(_read(manifest), manifest), str(manifest)).cards("parts")
    if not parts:
        raise DataError(unfinished)
    return parts[0].card("objects").card("dataset").text("key")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"`{path}` is not there")
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise DataError(f"`{path}` is too large for a manifest")
    return path.read_bytes()


def _json(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"`{path}` is not JSON: {error}") from None


def _problem(shard: Shard, kind: str, full: bool) -> List[str]:
    path = shard.paths[kind]
    if not path.is_file():
        return [f"`{path}` is missing"]
    size = path.stat().st_size
    if size != shard.bytes[kind]:
        return [f"`{path}` has {size} bytes and should have {shard.bytes[kind]}"]
    if full and _sha256(path) != shard.sha256[kind]:
        return [f"`{path}` has another sha256 than its manifest says"]
    return []


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
