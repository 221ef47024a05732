"""Turns data archives into the documents that `cargo xtask bench filters` runs over: JSON lines with `text` or `url`.

usage: filters_data.py ARCHIVES DATATROVE OUT

ARCHIVES is the folder of the unpacked archives, DATATROVE that of the Python package. What is drawn is drawn by a hash, so
that every run makes the same files.
"""

import base64
import bz2
import gzip
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile

archives, package, out = (pathlib.Path(path) for path in sys.argv[1:])
out.mkdir(parents=True, exist_ok=True)
KB3 = 3000


class Dice:
    """Numbers that are random and always the same."""

    def __init__(self, seed):
        self.state = str(seed)

    def below(self, n):
        self.state = hashlib.sha1(self.state.encode()).hexdigest()
        return int(self.state[:12], 16) % max(n, 1)

    def of(self, values):
        return values[self.below(len(values))]


def rows(path):
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf8") as file:
        for line in file:
            yield json.loads(line)


def write(name, documents):
    with open(out / f"{name}.jsonl", "w", encoding="utf8") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")


def texts(values):
    return ({"text": text} for text in values)


def packed(lines):
    """Lines put together to documents of about 3 KB."""
    document, n = [], 0
    for line in lines:
        document.append(line)
        n += len(line) + 1
        if n >= KB3:
            yield "\n".join(document)
            document, n = [], 0


quality, decon, lid = (archives / name for name in ("quality", "decon", "lid"))
news20 = [row["text"] for row in rows(quality / "20news_train_sample.jsonl.gz")]
wikitext = (quality / "wikitext2_valid.txt").read_text(encoding="utf8")
for mark, char in ((" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."), ("<unk>", "")):
    wikitext = wikitext.replace(mark, char)


# Speed: languages, English, Chinese.
write("short", texts(row["text"] for row in rows(lid / "lid176ftz_expected.jsonl.gz")))
write("lingua", texts(row["text"].replace("\n", " ") for row in rows(lid / "lingua_sentences.jsonl.gz")))
english = list(packed("\n".join(news20).split("\n"))) + list(packed(wikitext.split("\n")))
write("english", texts(english))
write("sample", texts(english[:: max(1, len(english) // 200)][:200]))
chinese = subprocess.run(["zstd", "-dc", quality / "hplt_zh_sample.tsv.zst"], stdout=subprocess.PIPE, check=True).stdout
chinese = [line.split("\t") for line in chinese.decode("utf8").splitlines()]
write("chinese", texts(base64.b64decode(text).decode("utf8") for _, text in chinese))

# Personal data, with places in bytes.
KINDS = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip", "CREDIT_CARD": "card", "IBAN_CODE": "iban",
    "US_SSN": "national_id", "SOCIAL_SECURITY_NUMBER": "national_id", "API_KEY": "secret", "PASSWORD": "secret",
}


def annotated(text, lang, spans, start, end):
    at = lambda chars: len(text[:chars].encode("utf8"))
    gold = [[KINDS[span["entity_type"]], at(span[start]), at(span[end])] for span in spans if span["entity_type"] in KINDS]
    return {"text": text, "lang": lang, "gold": gold}


presidio = json.loads((archives / "pii/presidio_synth_dataset_v2.json").read_text(encoding="utf8"))
write("presidio", (annotated(row["full_text"], "", row["spans"], "start_position", "end_position") for row in presidio))
anon = rows(archives / "pii/pii_anon_test_technology.jsonl.gz")
write("pii_anon", (annotated(row["text"], row["language"], row["annotations"], "start", "end") for row in anon))

# URLs, and the lists of datatrove.
urls = [url for url, _ in chinese]
urls += [row["url"] for row in rows(archives / "extraction/ground_truth.jsonl.gz") if row["url"]]
for path in sorted((archives / "lists/ut1").glob("*/urls.gz")):
    urls += [f"http://{line}" for line in gzip.open(path, "rt", encoding="utf8").read().split("\n") if line]
write("urls", ({"url": url} for url in urls))
with tarfile.open(next(package.glob("assets/url_filterblacklists*.tar.gz"))) as tar:
    for member in tar.getmembers():
        name = member.name.split("/")[-1]
        if member.isfile() and name in ("domains", "urls"):
            (out / f"datatrove_{name}").write_bytes(tar.extractfile(member).read())
domains = io.open(out / "datatrove_domains", encoding="utf8").read().split("\n")
(out / "million").write_text("\n".join(domains[:: max(1, len(domains) // 1_000_000)][:1_000_000]) + "\n", encoding="utf8")


# Benchmarks: their items planted in ordinary texts, and ordinary texts alone.
def items():
    for path in sorted([*decon.glob("*.jsonl"), *decon.glob("*.jsonl.gz")]):
        benchmark = path.name.split(".")[0]
        for number, row in enumerate(rows(path)):
            choices = []
            if benchmark == "HumanEval":
                question = row["prompt"] + row["canonical_solution"]
            elif benchmark == "gsm8k_test":
                question = row["question"].strip()
            elif benchmark == "lambada_openai":
                question = row["context"].strip() + " " + row["continuation"].strip()
            elif benchmark == "svamp":
                question = row["context"].strip()
            elif benchmark == "winogrande":
                question = row["context_options"][row["gold"]] + " " + row["continuation"].strip()
            else:
                question = row["query"].strip()
                choices = [] if benchmark == "boolq" else row["choices"]
            question = question.removeprefix("Question: ").removeprefix("Passage: ")
            yield benchmark, number, question, choices


def verbatim(question, choices, _):
    return "\n".join([question, *choices])


def reformatted(question, choices, dice):
    """The same words as another site would show them."""
    question = dice.of([str.upper, str.lower, str])(question)
    head = dice.of(["", "Please read carefully and answer.\n\n", "Exercise 7 (2 points)\n"])
    text = head + dice.of(["", "Question 14: ", "**Question:** ", "Q3. ", "> ", "### "]) + question
    if choices:
        text += dice.of(["", "\nChoose the best answer:", "\n\nOptions:"])
    style = dice.below(5)
    for at, choice in enumerate(choices):
        letter = "ABCDEFGH"[at % 8]
        text += [f"\n{letter}) {choice}", f"\n- {choice}", f" ({letter.lower()}) {choice};", f"\n{at + 1}. **{choice}**",
                 f"\n* [{letter}] {choice.upper()}"][style]
    text += dice.of(["", "\nAnswer: B", "\n\n_Correct answer: C_"])
    change = dice.below(4)
    if change == 0:
        text = re.sub("[.?,]", "", text)
    elif change == 1:
        text = text.replace("'", "\u2019").replace(". ", " \u2014 ")
    elif change == 2:
        text = re.sub("[,;]", " ...", text)
    width, lines = 30 + dice.below(60), []
    for line in text.split("\n"):
        lines.append("")
        for word in line.split(" "):
            if lines[-1] and len(lines[-1]) + len(word) > width:
                lines.append("")
            lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


ordinary = [text for text in news20]
ordinary += list(open(quality / "ag_news_test.csv", encoding="utf8"))
ordinary += [line for line in (quality / "wikitext2_valid.txt").read_text(encoding="utf8").split("\n") if line.strip()]
ordinary += list(open(archives / "neardup/mccormick_articles_1000.train", encoding="utf8"))
ordinary += [row["text"] for row in rows(archives / "extraction/ground_truth.jsonl.gz") if row.get("text") is not None]
write("ordinary", texts(ordinary))
xml = bz2.open(quality / "enwiki_articles1_shortened.xml.bz2", "rt", encoding="utf8").read()
pages = re.findall(r"<text[^>]*>(.*?)</text>", xml, re.DOTALL)
write("enwiki", texts(pages))
all_items = list(items())
write("items", ({"benchmark": item[0], "text": item[2], "choices": item[3]} for item in all_items))
for name, show in (("verbatim", verbatim), ("reformatted", reformatted)):
    documents = []
    for at, (benchmark, number, question, choices) in enumerate(all_items):
        dice = Dice(at)
        host = dice.of(ordinary)
        cut = host.find(" ", dice.below(len(host) + 1))
        cut = len(host) if cut < 0 else cut
        planted = show(question, choices, dice)
        documents.append({"text": f"{host[:cut]}\n\n{planted}\n\n{host[cut:]}", "benchmark": benchmark, "item": number})
    write(name, documents)

# Divergence: a reference of news and messages, and what is made of Wikipedia.
ag_news = [line[4:].replace('","', "\n").replace("\\", " ").replace('"', " ") for line in open(quality / "ag_news_test.csv", encoding="utf8")]
write("news", texts(news20 + ag_news))
words = [re.findall(r"[^\W_]+", article) for article in re.split(r"\n = (?!=)", wikitext)]
frequent = {}
for word in (word.lower() for article in words for word in article):
    frequent[word] = frequent.get(word, 0) + 1
frequent = set(sorted(frequent, key=frequent.get)[-150:])
letters = "abcdefghijklmnopqrstuvwxyz"


def shuffled(word, dice):
    chars = list(word)
    for at in range(1, len(chars)):
        other = dice.below(at + 1)
        chars[at], chars[other] = chars[other], chars[at]
    return "".join(chars)


def misread(window, dice, n):
    letter = lambda c: c if c == " " or dice.below(n) else dice.of(letters + " ")
    return "".join(map(letter, " ".join(window)))


def stuffed(window, dice, n, of=1):
    keys = sorted({word for word in window if word.lower() not in frequent}) or ["x"]
    keys = [dice.of(keys) for _ in range(n)]
    return " ".join(word if dice.below(of) else dice.of(keys) for word in window)


def base64_lines(window):
    return base64.encodebytes(" ".join(window).encode()).decode()


DAMAGES = {
    "ordinary": lambda window, dice: " ".join(window),
    "shuffled letters": lambda window, dice: " ".join(shuffled(word, dice) for word in window),
    "random letters": lambda window, dice: " ".join("".join(dice.of(letters) for _ in range(1 + dice.below(10))) for _ in window),
    "1 letter in 5 misread": lambda window, dice: misread(window, dice, 5),
    "1 letter in 10 misread": lambda window, dice: misread(window, dice, 10),
    "base64": lambda window, dice: base64_lines(window),
    "10 keywords": lambda window, dice: stuffed(window, dice, 10),
    "20 keywords": lambda window, dice: stuffed(window, dice, 20),
    "every other word of 10 keywords": lambda window, dice: stuffed(window, dice, 10, 2),
}
LANGUAGES = ["fr", "de", "es", "nl", "sv", "da", "la", "vi", "ru"]
sentences = {lang: [] for lang in LANGUAGES}
for row in rows(lid / "lingua_sentences.jsonl.gz"):
    if row["lang"] in sentences:
        sentences[row["lang"]] += re.findall(r"[^\W_]+", row["text"])
N_WINDOWS = 300
divergence = []
for n in (50, 200, 1000):
    windows = [article[at:at + n] for article in words for at in range(0, min(len(article) - n + 1, 10 * n), n)][:N_WINDOWS]
    for kind, damage in DAMAGES.items():
        for at, window in enumerate(windows):
            # base64 has longer words, so that more text is needed for as many.
            source = sum((windows[(at + more) % len(windows)] for more in range(1 if kind != "base64" else 13)), [])
            text = damage(source, Dice(f"{kind} {n} {at}"))
            divergence.append({"text": " ".join(re.findall(r"[^\W_]+", text)[:n]), "kind": kind, "n": n})
    for lang, all_words in sentences.items():
        for at in range(0, len(all_words) - n + 1, n):
            divergence.append({"text": " ".join(all_words[at:at + n]), "kind": f"language {lang}", "n": n})
write("divergence", divergence)

# Quality.
write("dclm", rows(quality / "dclm_human_labels.jsonl.gz"))
