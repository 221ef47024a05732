"""Makes the corpus of `cargo xtask bench tokens` from Debian's packages: documentation in many languages, and sources.

usage: tokens_corpus.py FOLDER

Downloads the packages with `apt-get download`, unpacks them, and writes FOLDER/KIND.txt for four kinds: texts with a zero
byte between them, each at most 32 KiB and cut at a line end, because some encoders give longer texts to threads of their own.
FOLDER/corpus.json says which versions of which packages it was made of; a corpus of these versions is not made again.
Prints that file.
"""
import gzip
import hashlib
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

KINDS = {
    "english": ["linux-doc-6.12", "python3.11-doc"],
    "code": ["golang-1.19-src", "libboost1.74-dev", "libpython3.11-stdlib", "perl-modules-5.36", "rust-src"],
    "multilingual": [
        *("manpages-de", "manpages-es", "manpages-fr", "manpages-ja", "manpages-pl", "manpages-ru"),
        *("libreoffice-help-de", "libreoffice-help-hi", "libreoffice-help-ja", "libreoffice-help-ko", "libreoffice-help-ru"),
    ],
    "chinese": [
        *("manpages-zh", "gimp-help-zh-cn", "libreoffice-help-zh-cn", "libreoffice-help-zh-tw", "debian-handbook"),
        "installation-guide-amd64",
    ],
}
# Bytes of a kind, about; there is less Chinese.
LIMIT = 32_000_000
PIECE = 32 * 1024
# Of a file, so that no few large ones make up a kind.
FILE_LIMIT = 200_000
CODE = (".c", ".go", ".h", ".hpp", ".js", ".pl", ".pm", ".py", ".rs", ".s", ".sh")
TEXT = (".html", ".htm", ".xhtml", ".txt", ".rst", ".md")
CHINESE = re.compile("[\u4e00-\u9fff]")


def download(folder):
    """The packages in `folder`, with their versions; apt-get leaves alone what is there already."""
    names = sorted({name for packages in KINDS.values() for name in packages})
    folder.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "-qq", "download", *names]
    if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL).returncode:
        sys.exit("the packages of Debian 12 cannot be downloaded\nhint: run `apt-get update`, on Debian 12")
    versions = {}
    for path in sorted(folder.glob("*.deb")):
        said = subprocess.run(["dpkg-deb", "-f", path, "Package", "Version"], check=True, capture_output=True, text=True)
        fields = dict(line.split(": ", 1) for line in said.stdout.splitlines())
        versions.setdefault(fields["Package"], []).append((fields["Version"], path))
    newest = {}
    for name in names:
        wanted = subprocess.run(["apt-cache", "policy", name], check=True, capture_output=True, text=True).stdout
        wanted = re.search(r"Candidate: (\S+)", wanted)[1]
        newest[name] = next(found for found in versions[name] if found[0] == wanted)
    return newest


def strip_html(text):
    text = re.sub(r"(?is)<(script|style|head)[^>]*>.*?</\1>", " ", text)
    text = re.sub(r"(?s)<!--.*?-->", " ", text)
    text = re.sub(r"<(p|div|li|tr|h\d|br|pre)[^>]*>", "\n", text)
    text = html.unescape(re.sub(r"(?s)<[^>]+>", "", text))
    return re.sub(r"\n\s*\n\s*\n+", "\n\n", text)


def strip_man(text):
    text = re.sub(r'(?m)^\.\\".*$', "", text)
    text = re.sub(r"(?m)^\.(\w+) ?", "", text)
    return re.sub(r"\\f[A-Z]|\\&|\\", "", text)


def text_of(path, kind):
    """The text of a file, or nothing."""
    name = path.name.removesuffix(".gz")
    is_man = "man" in path.parts
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 5_000_000:
        return ""
    if not name.endswith(CODE if kind == "code" else TEXT) and not is_man:
        return ""
    content = path.read_bytes()
    try:
        text = (gzip.decompress(content) if path.name.endswith(".gz") else content).decode()
    except (UnicodeDecodeError, gzip.BadGzipFile):
        return ""
    if kind == "code":
        return "" if is_man else text
    text = strip_man(text) if is_man else strip_html(text) if name.endswith(TEXT[:3]) else text
    if kind == "chinese":
        if len(CHINESE.findall(text)) < 0.15 * len(text):
            return ""
        text = "\n".join(line for line in text.split("\n") if not line.strip() or CHINESE.search(line))
    return text


def pieces(text):
    """Parts of at most so many bytes that end with a line where one ends."""
    data = text.encode()
    while len(data) > PIECE:
        cut = data.rfind(b"\n", 0, PIECE) + 1
        if cut == 0:
            cut = PIECE
            while data[cut] & 0xC0 == 0x80:
                cut -= 1
        yield data[:cut]
        data = data[cut:]
    yield data


def make(kind, folders, out):
    """Writes one kind: its files in an order that mixes the packages, each text once."""
    files = [path for folder in folders for path in folder.rglob("*")]
    files.sort(key=lambda path: hashlib.sha256(str(path.relative_to(folders[0].parent)).encode()).digest())
    seen, size, texts = set(), 0, []
    for path in files:
        if size >= LIMIT:
            break
        text = text_of(path, kind).replace("\0", " ").strip()
        text = text.encode()[:FILE_LIMIT].decode(errors="ignore")
        digest = hashlib.sha256(text.encode()).digest()
        if len(text) < 200 or digest in seen:
            continue
        seen.add(digest)
        for piece in pieces(text):
            texts.append(piece)
            size += len(piece)
    out.write_bytes(b"\0".join(texts))
    return {"texts": len(texts), "bytes": size}


def main():
    folder = pathlib.Path(sys.argv[1])
    packages = download(folder / "packages")
    stamp = {name: version for name, (version, _) in packages.items()}
    stamp["tokens_corpus.py"] = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    card = folder / "corpus.json"
    if not card.exists() or json.loads(card.read_text())["made_of"] != stamp:
        card.unlink(missing_ok=True)
        kinds = {}
        for kind, names in KINDS.items():
            unpacked = folder / "unpacked"
            shutil.rmtree(unpacked, ignore_errors=True)
            for name in names:
                os.makedirs(unpacked / name)
                subprocess.run(["dpkg-deb", "-x", packages[name][1], unpacked / name], check=True)
            kinds[kind] = make(kind, [unpacked / name for name in names], folder / f"{kind}.txt")
            shutil.rmtree(unpacked)
        # The card comes last: without it, what a broken run left is made anew.
        card.write_text(json.dumps({"made_of": stamp, "kinds": kinds}))
    print(card.read_text())


if __name__ == "__main__":
    main()
