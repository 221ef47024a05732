#!/usr/bin/env python3
"""Token ids by the published tokenisers, for the tests to compare with.

Texts lie in files as a 32-bit little-endian length and UTF-8 each; ids as a 32-bit number of ids and the ids.

    corpus OUT BYTES         texts of the packages that come with this Python, at least so many bytes
    tiktoken FOLDER NAME…    NAME.tiktoken and NAME.pattern to NAME.ids, for the texts of FOLDER/texts.bin
    train FOLDER             small models of all kinds to KIND.json, and to KIND.ids
"""
import array
import pathlib
import struct
import sys
import sysconfig


def write_texts(path, texts):
    with open(path, "wb") as file:
        for text in texts:
            data = text.encode()
            file.write(struct.pack("<I", len(data)) + data)


def read_texts(path):
    data, at, texts = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return texts


def write_ids(path, rows):
    with open(path, "wb") as file:
        for ids in rows:
            array.array("I", [len(ids), *ids]).tofile(file)


def corpus(out, n_bytes):
    texts, found = [], 0
    for folder in ("stdlib", "purelib"):
        for path in sorted(pathlib.Path(sysconfig.get_path(folder)).rglob("*")):
            if found >= n_bytes:
                break
            if path.suffix in (".py", ".pyi", ".txt", ".rst", ".md", ".h") and path.is_file():
                try:
                    texts.append(path.read_bytes().decode())
                except UnicodeDecodeError:
                    continue
                found += path.stat().st_size
    write_texts(out, texts)


def by_tiktoken(folder, names):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    texts = read_texts(folder / "texts.bin")
    for name in names:
        encoding = tiktoken.Encoding(
            name,
            pat_str=(folder / f"{name}.pattern").read_text() or published_pattern(name),
            mergeable_ranks=load_tiktoken_bpe(str(folder / f"{name}.tiktoken")),
            special_tokens={},
        )
        write_ids(folder / f"{name}.ids", (encoding.encode_ordinary(text) for text in texts))


def published_pattern(name):
    """The pattern that tiktoken publishes for a vocabulary, without the vocabulary, which it would download."""
    from tiktoken_ext import openai_public

    openai_public.load_tiktoken_bpe = lambda *args, **kwargs: {}
    return getattr(openai_public, {"gpt2": "r50k_base", "p50k": "p50k_base"}.get(name, f"{name}_base"))()["pat_str"]


def train(folder):
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    def bare(model, normalizer, pre_tokenizer, decoder):
        tokenizer = Tokenizer(model)
        if normalizer:
            tokenizer.normalizer = normalizer
        if pre_tokenizer:
            tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.decoder = decoder
        return tokenizer

    special = ["<unk>", "<s>", "</s>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    underscore = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    own = pre_tokenizers.Split(r"\p{Lu}?\p{Ll}+|\p{N}|\s+|.", "isolated")
    quiet = {"show_progress": False, "vocab_size": 3000}
    kinds = {
        "sentencepiece": (
            bare(
                models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
                underscore,
                pre_tokenizers.Metaspace(prepend_scheme="never"),
                decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
            ),
            trainers.BpeTrainer(special_tokens=special + fallback, **quiet),
        ),
        "unigram": (
            bare(models.Unigram(), normalizers.NFKC(), pre_tokenizers.Metaspace(), decoders.Metaspace()),
            trainers.UnigramTrainer(special_tokens=special, unk_token="<unk>", **quiet),
        ),
        "wordpiece": (
            bare(
                models.WordPiece(unk_token="[UNK]"),
                normalizers.BertNormalizer(),
                pre_tokenizers.BertPreTokenizer(),
                decoders.WordPiece(),
            ),
            trainers.WordPieceTrainer(special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], **quiet),
        ),
        "own-pattern": (
            bare(
                models.BPE(),
                None,
                pre_tokenizers.Sequence([own, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
                decoders.ByteLevel(),
            ),
            trainers.BpeTrainer(special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, **quiet),
        ),
        "added": (
            bare(
                models.BPE(),
                normalizers.NFC(),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
                decoders.ByteLevel(),
            ),
            trainers.BpeTrainer(special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, **quiet),
        ),
    }
    lines = [line for text in read_texts(folder / "corpus.bin")[:60] for line in text.splitlines()]
    texts = read_texts(folder / "texts.bin")
    for kind, (tokenizer, trainer) in kinds.items():
        tokenizer.train_from_iterator(lines, trainer)
        if kind == "added":
            words = ["<think>", "  ", "    ", "[INST]", "\n\n"]
            tokenizer.add_tokens([AddedToken(word, normalized=False) for word in words])
            tokenizer.add_tokens([AddedToken("</s>", lstrip=True), AddedToken("straße", single_word=True)])
        # What must not touch ids when it is in the file.
        tokenizer.enable_truncation(5)
        tokenizer.enable_padding(length=7)
        first = tokenizer.id_to_token(0)
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $0", special_tokens=[(first, 0)])
        tokenizer.save(str(folder / f"{kind}.json"))
        tokenizer = Tokenizer.from_file(str(folder / f"{kind}.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        write_ids(folder / f"{kind}.ids", (tokenizer.encode(text, add_special_tokens=False).ids for text in texts))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["corpus", out, n_bytes]:
            corpus(out, int(n_bytes))
        case ["tiktoken", folder, *names]:
            by_tiktoken(pathlib.Path(folder), names)
        case ["train", folder]:
            train(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
