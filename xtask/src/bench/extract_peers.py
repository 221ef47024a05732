"""Extraction by the peers from PyPI: thread CPU seconds of each page, and the texts.

usage: extract_peers.py PEER FOLDER OUT: PEER is `resiliparse` or `trafilatura`, FOLDER has .html files, OUT becomes JSON
lines of `id` and `text`. Prints the figures as JSON. Pages are decoded before the clock starts.
"""

import json
import pathlib
import sys
import time

peer, folder, out = sys.argv[1:]

if peer == "resiliparse":
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    def decode(page):
        return bytes_to_str(page, detect_encoding(page, html5_compatible=True))

    def extract(html):
        return extract_plain_text(html, main_content=True, preserve_formatting=True)
else:
    import trafilatura
    from trafilatura.utils import decode_file as decode

    def extract(html):
        return trafilatura.extract(html) or ""


seconds, size = [], 0
with open(out, "w", encoding="utf8") as lines:
    for path in sorted(pathlib.Path(folder).glob("*.html")):
        html = decode(path.read_bytes())
        size += len(html.encode("utf8", "replace"))
        start = time.thread_time()
        try:
            text = extract(html)
        except Exception:  # A page that a peer cannot read is an empty text.
            text = ""
        seconds.append(time.thread_time() - start)
        text = text.encode("utf8", "replace").decode("utf8")
        lines.write(json.dumps({"id": path.stem, "text": text}) + "\n")

seconds.sort()
print(json.dumps({
    "pages": len(seconds),
    "bytes": size,
    "seconds": sum(seconds),
    "p50_ms": seconds[int((len(seconds) - 1) * 0.5)] * 1e3,
    "p99_ms": seconds[int((len(seconds) - 1) * 0.99)] * 1e3,
    "max_ms": seconds[-1] * 1e3,
}))
