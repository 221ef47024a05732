"""Writes what the compatible mode knows of spaCy, datatrove and Python: `english.txt` and `golden.jsonl`.

    python3 -m venv ENV && ENV/bin/pip install datatrove==0.10.1 spacy==3.8.18
    ENV/bin/python stages/src/datatrove/facts.py

Characters are asked one by one, so the files hold answers of these programs, not their patterns.
"""

import json
import re
import unicodedata
from pathlib import Path

import spacy
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate, find_duplicates
from datatrove.pipeline.filters.gopher_repetition_filter import find_top_duplicate, get_n_grams
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION, split_into_sentences, split_into_words
from spacy.lang import char_classes
from spacy.pipeline import Sentencizer
from spacy.symbols import ORTH

HERE = Path(__file__).parent
TEXTS = HERE / "golden_texts.txt"
SPACY = spacy.blank("en").tokenizer

NOTICE = """\
# What the mode `compat = "datatrove"` knows of other programs: character classes and tokenizer exceptions.
# Written by `facts.py` beside this file, which says how to run it; do not edit.
#
# From spaCy {spacy}, English (https://github.com/explosion/spaCy), which is under the MIT license:
#
#   Copyright (C) 2016-2024 ExplosionAI GmbH, 2016 spaCy GmbH, 2015 Matthew Honnibal
#
#   Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
#   documentation files (the "Software"), to deal in the Software without restriction, including without limitation
#   the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
#   to permit persons to whom the Software is furnished to do so, subject to the following conditions:
#
#   The above copyright notice and this permission notice shall be included in all copies or substantial portions of
#   the Software.
#
#   THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
#   THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
#   AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
#   CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
#   IN THE SOFTWARE.
#
# The classes `symbol` and `terminal` are from datatrove 0.10.1, Apache-2.0; `letter`, `word`, `decimal` and
# `punctuation` are Python's, with Unicode {unicode}.
"""


def one_of(pattern):
    """Whether a character is in a spaCy class of characters."""
    compiled = re.compile(f"[{pattern}]")
    return lambda c: compiled.match(c) is not None


def matched(match):
    """The length of a match, 0 when there is none."""
    return match.end() - match.start() if match else 0


# In the order of the bits in `chars.rs`. A NUL stands beside a character where only the character shall count.
CLASSES = {
    "alpha": one_of(char_classes.ALPHA),
    "lower": one_of(char_classes.ALPHA_LOWER),
    "upper": one_of(char_classes.ALPHA_UPPER),
    "prefix": lambda c: matched(SPACY.prefix_search(c + "0")) == 1,
    "suffix": lambda c: matched(SPACY.suffix_search("\0" + c)) == 1,
    "infix": lambda c: any(SPACY.infix_finditer("\0" + c + "\0")),
    "period_between_left": one_of(char_classes.ALPHA_LOWER + char_classes.CONCAT_QUOTES),
    "period_between_right": one_of(char_classes.ALPHA_UPPER + char_classes.CONCAT_QUOTES),
    "period_after": lambda c: matched(SPACY.suffix_search(c + ".")) == 1,
    "letter": str.isalpha,
    "word": lambda c: re.match(r"\w", c) is not None,
    "decimal": lambda c: re.match(r"\d", c) is not None,
    "punctuation": lambda c: unicodedata.category(c).startswith("P"),
    "symbol": lambda c: c in PUNCTUATION_SET,
    "terminal": lambda c: c in TERMINAL_PUNCTUATION,
    "sentence_end": lambda c: c in Sentencizer.default_punct_chars,
}


def ranges(holds):
    """The characters for which something holds, as ranges of hexadecimal numbers."""
    found, start = [], None
    for number in range(0x110001):
        is_in = number < 0x110000 and not 0xD800 <= number < 0xE000 and holds(chr(number))
        if is_in and start is None:
            start = number
        if not is_in and start is not None:
            last = number - 1
            found.append(f"{start:x}" if start == last else f"{start:x}-{last:x}")
            start = None
    return found


def wrapped(words, width=118):
    """Lines of words."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line += (" " if line else "") + word
    yield line


def facts():
    """The text of `english.txt`."""
    yield from NOTICE.format(spacy=spacy.__version__, unicode=unicodedata.unidata_version).splitlines()
    for name, holds in CLASSES.items():
        yield f"[class {name}]"
        yield from wrapped(ranges(holds))
    yield "[after a digit]"
    units = {"+"} | set(char_classes.UNITS.split("|")) | {c.replace("\\", "") for c in char_classes.CURRENCY.split("|")}
    assert all(matched(SPACY.suffix_search("0" + unit)) == len(unit) for unit in units)
    yield from wrapped(sorted(units))
    yield "[exceptions: the parts of one word on each line]"
    for word, parts in sorted(SPACY.rules.items()):
        assert word == "".join(part[ORTH] for part in parts)
        if not word.isspace():
            yield " ".join(part[ORTH] for part in parts)


def shares(text, words):
    """The numbers of `GopherRepetitionFilter` in its order, by its own functions."""
    paragraphs = find_duplicates(re.split(r"\n{2,}", text.strip()))
    lines = find_duplicates(re.split(r"\n+", text))
    yield paragraphs[0] / len(re.split(r"\n{2,}", text.strip()))
    yield paragraphs[1] / len(text)
    yield lines[0] / len(re.split(r"\n+", text))
    yield lines[1] / len(text)
    for n in range(2, 5):
        grams = get_n_grams(words, n)
        yield find_top_duplicate(grams) / len(text) if grams else 0
    for n in range(5, 11):
        yield find_all_duplicate(words, n) / len(text)


def answers(filters, text):
    """Null for a document that is kept, else the reason; and the text of a kept one where a filter changes texts."""
    for name, judge in filters.items():
        document = Document(text=text, id="")
        verdict = judge.filter(document)
        yield name, None if verdict is True else verdict[1]
        if verdict is True and document.text != text:
            yield f"{name}_text", document.text


def golden():
    """The lines of `golden.jsonl`: what datatrove says of each text of `golden_texts.txt`."""
    filters = {
        "gopher_quality": GopherQualityFilter(min_doc_words=4),
        "gopher_repetition": GopherRepetitionFilter(),
        "fineweb": FineWebQualityFilter(),
        "c4": C4QualityFilter(min_num_sentences=2),
        "c4_nopunct": C4QualityFilter(filter_no_terminal_punct=False, min_num_sentences=2),
    }
    # Python writes into the file what cannot be seen, so that no editor loses it.
    for line in TEXTS.read_text().splitlines():
        text = json.loads(line)
        words = split_into_words(text)
        row = {"text": text, "words": words, "n_sentences": len(split_into_sentences(text))}
        row["repetition"] = list(shares(text, words)) if text else []
        if words:
            row |= dict(answers(filters, text))
        yield json.dumps(row, ensure_ascii=True)


def write(name, lines):
    """Writes one of the two files."""
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write("english.txt", facts())
    write("golden.jsonl", golden())
