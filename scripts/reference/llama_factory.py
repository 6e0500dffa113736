"""Writes packages/eval/fixtures/llama-factory.json: the scores of LLaMA-Factory, of random Chinese texts and of others, and sacreBLEU's
TER of texts that it cuts anew the second time.

Texts are drawn from words, marks, blanks and line ends of kinds that jieba and rouge_chinese treat each in its own way; predictions
are noisy copies. Of each pair the file has jieba's words of the prediction, and what LLaMA-Factory's metric computes of it.

Needs Python 3.11 with jieba 0.42.1, rouge_chinese 1.0.3, nltk 3.10.3, sacrebleu 2.6.0. From the root of the repository:

    python scripts/reference/llama_factory.py
"""

import json
import logging
import random
from importlib.metadata import version
from pathlib import Path

import jieba
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_chinese import Rouge
from sacrebleu.metrics import TER

SEED = 20261129
TARGET = Path(__file__).resolve().parents[2] / "packages" / "eval" / "fixtures" / "llama-factory.json"
ROWS = 60

WORDS = [
    "我们", "今天", "去", "北京", "大学", "退款", "已经", "成功", "机器学习", "自然语言处理", "长城", "故宫博物院", "小明", "杭研大厦",
    "请您", "五个工作日", "内到账", "亓玊", "㷑䍰", "𠮷野家", "iPhone 15", "3.5", "3-4", "2024-05-01", "50%60", "50%-60%", "C++", "AT&T",
    "A_1", "a+b2", "x#1", "www.example.com", "hello world", "--", "…", "1,000", "１２", "東京", "한국", "привет", "😀", "e\u0301",
]
MARKS = ["。", "，", "！", "？", "“你好。”", "”", "。”他", "……", "...", "......", "、", "?", ".", "：", "（", "）"]
BLANKS = ["", "", "", "", " ", "  ", "\n", "\n\n", "\r\n", "\u3000", "\t", " \n "]
TER_TEXTS = ["it's\u2028the", "it's\u00a0", "dog's\x1c", "'s", "e.g.\u3000it's", "&amp;quot;", "a.5-3", "は。ひらがな", "カナ、カナ", "x", "the", "\u2028"]


def text(rng):
    return "".join(rng.choice(rng.choice([WORDS, WORDS, MARKS])) + rng.choice(BLANKS) for _ in range(rng.choice([0, 1, 2, 4, 8, 16])))


def noisy(rng, source):
    characters = list(source)
    for _ in range(rng.randrange(6)):
        if not characters:
            return text(rng)
        at = rng.randrange(len(characters))
        to = min(len(characters), at + rng.randrange(5))
        characters[at:to] = rng.choice([[], [rng.choice(WORDS)], characters[at:to] * 2, [rng.choice(MARKS), rng.choice(BLANKS)]])
    return "".join(characters)


def scores(prediction, label):
    """As LLaMA-Factory's ComputeSimilarity computes them."""
    hypothesis, reference = list(jieba.cut(prediction)), list(jieba.cut(label))
    if not " ".join(hypothesis).split() or not " ".join(reference).split():
        result = {"rouge-1": {"f": 0.0}, "rouge-2": {"f": 0.0}, "rouge-l": {"f": 0.0}}
    else:
        result = Rouge().get_scores(" ".join(hypothesis), " ".join(reference))[0]
    bleu = sentence_bleu([list(label)], list(prediction), smoothing_function=SmoothingFunction().method3)
    return {**{name: round(value["f"] * 100, 4) for name, value in result.items()}, "bleu-4": round(bleu * 100, 4)}


def ter_case(rng):
    def line():
        return rng.choice([" ", "", "\u2028", "\n"]).join(rng.choice(TER_TEXTS) for _ in range(rng.randint(0, 8)))

    options = {name: rng.random() < 0.6 for name in ("normalized", "no_punct", "asian_support", "case_sensitive")}
    prediction, reference = line(), line()
    score = TER(**options).corpus_score([prediction], [[reference]])
    return {"options": options, "prediction": prediction, "reference": reference, "edits": score.num_edits, "referenceLength": score.ref_length}


def main():
    jieba.setLogLevel(logging.ERROR)
    rng = random.Random(SEED)
    references = [text(rng) for _ in range(ROWS)]
    rows = [
        {"prediction": prediction, "reference": reference, "words": list(jieba.cut(prediction)), "scores": scores(prediction, reference)}
        for reference in references
        for prediction in [noisy(rng, reference)]
    ]
    cases = [ter_case(rng) for _ in range(ROWS)]
    header = {
        "source": "jieba 0.42.1, rouge_chinese 1.0.3, " + ", ".join(f"{name} {version(name)}" for name in ("nltk", "sacrebleu")),
        "writtenBy": "scripts/reference/llama_factory.py",
        "seed": SEED,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    for name, entries in (("rows", rows), ("ter", cases)):
        lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(entry) for entry in entries) + "\n]")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
