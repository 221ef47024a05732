"""Token ids by the encoders of PyPI: CPU seconds of a first and a second pass over each kind of text, and hashes of ids.

usage: tokens_peers.py tokenizer RANKS OUT.json      writes a rank file as a `tokenizer.json`, with the pattern of Llama 3
       tokens_peers.py PEER RANKS FOLDER KIND…       PEER is `tiktoken`, `tokenizers` or `gigatoken`

The second form reads FOLDER/KIND.txt, texts with a zero byte between them, and FOLDER/adversarial.texts, each a 32-bit
little-endian length and UTF-8. Writes FOLDER/PEER.KIND.hash: xxh3-64 of the little-endian ids of every text, 8 bytes each.
Prints the figures as JSON: bytes, texts, and seconds of the process, cold and warm, by kind. Every kind gets an encoder
that has seen nothing; `tokenizer.json` is looked for in FOLDER.
"""
import array
import base64
import json
import pathlib
import struct
import sys
import time

# Of `llama_models/llama3/tokenizer.py`.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def read_ranks(path):
    lines = (line.split() for line in pathlib.Path(path).read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def write_tokenizer(ranks, out):
    """As merges, every way to part a token into two."""
    printed = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printed}
    for byte in range(0x100):
        letters.setdefault(byte, chr(0x100 + len(letters) - len(printed)))

    def written(token):
        return "".join(letters[byte] for byte in token)

    tokens = sorted(ranks, key=ranks.get)
    parts = ((token[:at], token[at:]) for token in tokens for at in range(1, len(token)))
    merges = [[written(left), written(right)] for left, right in parts if left in ranks and right in ranks]
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    model = {
        "type": "BPE",
        "vocab": {written(token): ranks[token] for token in tokens},
        "merges": merges,
        "ignore_merges": True,
    }
    pre_tokenizer = {"type": "Sequence", "pretokenizers": [split, level]}
    file = {"version": "1.0", "added_tokens": [], "pre_tokenizer": pre_tokenizer, "decoder": level, "model": model}
    pathlib.Path(out).write_text(json.dumps(file, ensure_ascii=False), encoding="utf8")


def encoder(peer, ranks, folder):
    """A new encoder: text to ids that `array` takes."""
    file = str(folder / "tokenizer.json")
    if peer == "tiktoken":
        import tiktoken

        encoding = tiktoken.Encoding("llama3", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
        return encoding.encode_ordinary
    if peer == "tokenizers":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(file)
        return lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    import gigatoken

    return gigatoken.Tokenizer(file).encode


def read_texts(folder, kind):
    if kind != "adversarial":
        return (folder / f"{kind}.txt").read_bytes().decode().split("\0")
    data, at, texts = (folder / "adversarial.texts").read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return texts


def measure(peer, ranks, folder, kind):
    import xxhash

    texts = read_texts(folder, kind)
    encode = encoder(peer, ranks, folder)
    encode("what an encoder does once is not counted")
    figures = {"texts": len(texts), "bytes": sum(len(text.encode()) for text in texts)}
    for name in ("cold", "warm"):
        seconds, hashes = 0.0, []
        for text in texts:
            start = time.process_time()
            ids = encode(text)
            seconds += time.process_time() - start
            hashes.append(xxhash.xxh3_64_intdigest(array.array("I", ids).tobytes()))
        figures[name] = seconds
        (folder / f"{peer}.{kind}.hash").write_bytes(struct.pack(f"<{len(hashes)}Q", *hashes))
    return figures


def main():
    what, ranks, place, *kinds = sys.argv[1:]
    ranks = read_ranks(ranks)
    if what == "tokenizer":
        write_tokenizer(ranks, place)
    else:
        folder = pathlib.Path(place)
        print(json.dumps({kind: measure(what, ranks, folder, kind) for kind in kinds}))


if __name__ == "__main__":
    main()
