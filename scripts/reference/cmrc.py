"""Writes packages/eval/fixtures/cmrc.json: exact match and F1 by the rules of CMRC 2018's evaluation script, and the words that NLTK
cuts text between Han characters into.

The rules are those of `squad-style-data/cmrc2018_evaluate.py` (version 5) of github.com/ymcui/cmrc2018, written anew for Python 3, with
`difflib` for the longest common stretch. The script's `nltk.word_tokenize` is called with `preserve_line=True`: without it a trained
model, which is no part of NLTK, cuts sentences first. Texts are those of `ten-scripts.json`, of which the scores alone are written, and
random ones of Han characters, the script's marks, words, numbers, quotations and contractions.

Needs Python 3.11 with nltk 3.10.3. From the root of the repository:

    python scripts/reference/cmrc.py
"""

import json
import random
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path

from nltk import word_tokenize

SEED = 20261130
FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "eval" / "fixtures"
ROWS = 240

IGNORED = list("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』") + ["……"]
HAN = "北京大学在年月日第一届电影节获奖者是他的"
PIECES = [
    "iPhone 15", "3.5", "1,000", "1,", ",5", "50%", "AT&T", "x#1", "a@b.com", "Mr. Bean", "U.S.", "the end.", "e.g.", "v2.0.", "(2019)",
    "[1]", "<b>", "{x}", '"quoted"', '"', "''", "'90s", "it's", "don't", "I'll", "we've", "dogs'", "cannot", "gonna", "wanna ", "wanna",
    "gimme", "'tis", " 'tis", "more'n", "D'ye", "lemme", "gotta", "CANNOT", "rock 'n' roll", "«oui»", "‘so’", "„ja“", "...", "..", ".",
    "?", "!", ";", "$5", "3-4", "3:1", "A/B", "C++", "1–2", "—", "，", "。", "……", "…", "《书》", "·", "、", "：", "（注）", "～", "カナ", "한국",
    "𠮷", "㐂", "e\u0301", "１２", "٣,٤", "ſ's", "'Tıs", "\u3000", "\x1c", "\u2028", "\n", "\t", " ", "  ", "😀",
]


def kept(text):
    return [character for character in text.lower().strip() if character not in IGNORED]


def words(text):
    return word_tokenize(text, preserve_line=True)


def units(text):
    found, between = [], ""
    for character in kept(text):
        if "\u4e00" <= character <= "\u9fa5":
            found += words(between) + [character]
            between = ""
        else:
            between += character
    return found + words(between)


def f1(prediction, reference):
    one, other = units(prediction), units(reference)
    common = SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
    if common == 0:
        return 0
    precision, recall = common / len(one), common / len(other)
    return 2 * precision * recall / (precision + recall)


def scores(prediction, references):
    exact = any("".join(kept(prediction)) == "".join(kept(reference)) for reference in references)
    return [int(exact), max(f1(prediction, reference) for reference in references)]


def text(rng):
    pieces = []
    for _ in range(rng.choice([0, 1, 2, 4, 8, 12])):
        pieces.append("".join(rng.choice(HAN) for _ in range(rng.randint(1, 4))) if rng.random() < 0.4 else rng.choice(PIECES))
        pieces.append(rng.choice(["", "", " "]))
    return "".join(pieces)


def noisy(rng, source):
    characters = list(source)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(characters) + 1)
        characters[at : at + rng.randrange(4)] = rng.choice([[], [rng.choice(PIECES)], [rng.choice(HAN)], ["，"]])
    return "".join(characters)


def main():
    rng = random.Random(SEED)
    rows = []
    for _ in range(ROWS):
        references = [text(rng) for _ in range(rng.choice([1, 1, 2]))]
        prediction = noisy(rng, rng.choice(references))
        rows.append({"prediction": prediction, "references": references, "units": units(prediction), "scores": scores(prediction, references)})
    scripts = json.loads((FIXTURES / "ten-scripts.json").read_text(encoding="utf-8"))["cases"]
    cases = [
        {"script": case["script"], "scores": [scores(one, [other]) for one, other in zip(case["predictions"], case["references"])]}
        for case in scripts
    ]
    header = {
        "source": f"rules of github.com/ymcui/cmrc2018, squad-style-data/cmrc2018_evaluate.py (version 5); nltk {version('nltk')}",
        "writtenBy": "scripts/reference/cmrc.py",
        "seed": SEED,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    for name, entries in (("rows", rows), ("scripts", cases)):
        lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(entry) for entry in entries) + "\n]")
    (FIXTURES / "cmrc.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
