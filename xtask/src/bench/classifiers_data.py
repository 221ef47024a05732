"""Turns data archives into what `cargo xtask bench classifiers` trains and measures on.

usage: classifiers_data.py ARCHIVES OUT

ARCHIVES is the folder of the unpacked archives. What is drawn is drawn by a hash, so that every run makes the same files.
"""

import bz2
import csv
import gzip
import hashlib
import html
import json
import pathlib
import re
import sys

archives, out = (pathlib.Path(path) for path in sys.argv[1:])
quality, toxicity = archives / "quality", archives / "toxicity"


def rows(path):
    with gzip.open(path, "rt", encoding="utf8") as file:
        yield from map(json.loads, file)


def write(name, documents):
    with open(out / f"{name}.jsonl", "w", encoding="utf8") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")


# Articles of Wikipedia, as plain text: pages of a dump, and WikiText-2 without the marks of its tokens.
MARKUP = [
    (r"(?s)<!--.*?-->|<ref[^>]*/>|<ref.*?</ref>", ""),
    *[(r"\{\{[^{}]*\}\}", "")] * 8,
    (r"(?s)\{\|.*?\|\}", ""),
    *[(r"\[\[(?:File|Image|Category):[^\[\]]*\]\]", "")] * 3,
    (r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1"),
    (r"\[https?://\S+ ?([^\]]*)\]", r"\1"),
    (r"'{2,}|<[^>]+>", ""),
    (r"=+ ?(.*?) ?=+\n", r"\1\n"),
]


def plain(wikitext):
    for pattern, text in MARKUP:
        wikitext = re.sub(pattern, text, wikitext)
    return html.unescape(wikitext).strip()


xml = bz2.open(quality / "enwiki_articles1_shortened.xml.bz2", "rt", encoding="utf8").read()
articles = [plain(html.unescape(page)) for page in re.findall(r"(?s)<text[^>]*>(.*?)</text>", xml)]
wikitext = (quality / "wikitext2_valid.txt").read_text(encoding="utf8")
for mark, char in ((" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."), ("<unk>", "")):
    wikitext = wikitext.replace(mark, char)
articles += re.split(r"\n = (?!=)", re.sub(r" ([,.;:)'])", r"\1", wikitext))
write("wiki", ({"text": text} for text in articles if len(text) > 500))

# Pages of the web in English, of which people have marked the main text.
FREQUENT = {"the", "and", "of", "to", "in", "is"}


def is_english(text):
    words = text.lower().split()
    return len(words) > 30 and sum(word in FREQUENT for word in words) > len(words) / 10


pages = rows(archives / "extraction/ground_truth.jsonl.gz")
write("web", ({"url": page["url"], "text": page["text"]} for page in pages if page.get("text") and is_english(page["text"])))
write("dclm", rows(quality / "dclm_human_labels.jsonl.gz"))

# Toxicity: four fifths to learn from, in the files that the recipe names, and the others to measure on.
TERMS = """african american|african|american|asian|atheist|bisexual|black|blind|buddhist|canadian|catholic|chinese|christian|deaf|
elderly|european|female|gay|heterosexual|hindu|hispanic|homosexual|indian|japanese|jewish|latina|latino|latinx|lesbian|lgbt|lgbtq|
male|mexican|middle aged|middle eastern|millenial|muslim|nonbinary|old|older|paralyzed|protestant|queer|sikh|straight|taoist|teenage|
trans|transgender|white|young|younger""".replace("\n", "").split("|")
TERM = re.compile(r"\b(" + "|".join(sorted(TERMS, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def is_learned(text):
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 5 > 0


def table(name):
    return csv.DictReader(open(toxicity / name, encoding="utf8", newline=""))


def split(name, file, text):
    """Writes what is learned from; the other rows."""
    read = table(name)
    others = []
    with open(out / file, "w", encoding="utf8", newline="") as learned:
        writer = csv.DictWriter(learned, read.fieldnames)
        writer.writeheader()
        for row in read:
            if is_learned(row[text]):
                writer.writerow(row)
            else:
                others.append(row)
    return others


measured = []
for row in split("davidson_labeled_data.csv", "labeled_data.csv", "tweet"):
    measured.append(("davidson", row["tweet"], row["class"] != "2", "none"))
for row in split("jigsaw_toxicity_nonfuzzed_testset.csv", "toxicity_nonfuzzed_testset.csv", "comment"):
    measured.append(("jigsaw", row["comment"], row["toxic"] == "True", "none"))
for row in table("jigsaw_bias_madlibs_77k.csv"):
    found = TERM.search(row["Text"])
    measured.append(("madlibs", row["Text"], row["Label"] == "BAD", found[0].lower() if found else "none"))
for row in table("hatecheck_test_suite_cases.csv"):
    measured.append(("hatecheck", row["test_case"], row["label_gold"] == "hateful", row["target_ident"] or "none"))
write("toxicity", ({"set": name, "text": text, "label": int(is_toxic), "target": target} for name, text, is_toxic, target in measured))
