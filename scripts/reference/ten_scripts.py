"""Writes packages/eval/fixtures/ten-scripts.json: scores of random texts in ten scripts by sacreBLEU, NLTK and TorchMetrics.

Words are drawn from the letters of each script with its vowel signs, digits, punctuation, combining marks, full-width forms
and emoji; predictions are noisy copies. Each case holds the texts and what every metric says of the corpus and of its segments.

Needs Python 3.11 with sacrebleu 2.6.0, nltk 3.10.3, torch and torchmetrics 1.9.0, whose ROUGE
is rouge_score's. From the root of the repository:

    python scripts/reference/ten_scripts.py
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import torchmetrics.functional.text.rouge as torch_rouge
from nltk.stem.porter import PorterStemmer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from sacrebleu.metrics import BLEU, CHRF, TER

SEED = 20261128
TARGET = Path(__file__).resolve().parents[2] / "packages" / "eval" / "fixtures" / "ten-scripts.json"
ROWS = 24

# Letters, signs that stand upon them, digits and punctuation of each script, and whether blanks divide words.
SCRIPTS = {
    "Latin": ("aàâäbcçdeéèêfgğhiıİjklłmnñoöøœpqrsşßtuüvwxyzžABCDÉÑÖ", "\u0301\u0308\u0327", "0123456789", ".,;:!?«»“”‘’—…()-'\"&", True),
    "Cyrillic": ("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґњљђАБВГДЕЖ", "\u0301\u0306", "0123456789", ".,;:!?«»—…()-№", True),
    "Greek": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊΐΑΒΓΔΣΩ", "\u0301\u0308\u0342\u0345", "0123456789", ".,;·!«»—()᾽", True),
    "Arabic": ("ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئىةپچژگ", "\u064b\u064e\u064f\u0650\u0651\u0652\u0670", "٠١٢٣٤٥٦٧٨٩0123", "،؛؟.!«»()٪٫٬ـ", True),
    "Hebrew": ("אבגדהוזחטיכךלמםנןסעפףצץקרשת", "\u05b0\u05b4\u05b7\u05b8\u05bc\u05c1", "0123456789", ".,;:!?־׳״()-", True),
    "Devanagari": ("अआइईउऊऋएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह", "\u093e\u093f\u0940\u0941\u0947\u094b\u094d\u0902\u093c", "०१२३४५६७८९12", "।॥,?!()-॰", True),
    "Thai": ("กขคฆงจฉชซญฎฏฐณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำเแโใไๆ", "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e47\u0e48\u0e49", "๐๑๒๓๔๕๖๗๘๙01", "ฯ๏๚.,!?()", False),
    "Han": ("的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而過點麼龍𠮷𠀀㐂丽", "\u0301", "0123一二三〇１２３", "，。！？、；：“”‘’（）《》…—·～", False),
    "Japanese": ("あいうえおかきくけこさしすせそがぎぐげごっゃゅょアイウエオカキクケコガーッャュョヴヶ日本語学校私東京々〆ｱｲｳﾊ", "\u3099\u309a\uff9e\uff9f", "0123４５６", "、。「」『』！？・〜…", False),
    "Hangul": ("가각간갈감나다라마바사아자차카타파하고노도로모보소오조한글국어를은는이의ㄱㄴㄷㅏㅑ", "\u1161\u11a8", "0123456789", ".,!?()“”·…", True),
}
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧", "🇩🇪", "❤️", "☎", "1️⃣", "→", "€", "№", "½", "²", "Ⅻ", "＄", "Ａ", "ｂ", "％", "\u200d", "\u200b", "\u00ad"]
BLANKS = [" ", " ", " ", " ", "  ", "\u00a0", "\u3000", "\t"]


def word(rng, script):
    letters, marks, digits, _, _ = SCRIPTS[script]
    kind = rng.random()
    if kind < 0.08:
        number = "".join(rng.choice(digits) for _ in range(rng.randint(1, 4)))
        return number + rng.choice(["", ".", ",", "-", "٫", "．"]) + rng.choice(digits)
    if kind < 0.14:
        return rng.choice(EMOJI)
    text = ""
    for _ in range(rng.randint(1, 7)):
        text += rng.choice(letters)
        if rng.random() < 0.2:
            text += rng.choice(marks)
    return text


def words_of(rng, script, vocabulary):
    punctuation = SCRIPTS[script][3]
    return [rng.choice(vocabulary) + (rng.choice(punctuation) if rng.random() < 0.2 else "") for _ in range(rng.randint(0, 16))]


def joined(rng, script, words):
    return "".join(one + (rng.choice(BLANKS) if SCRIPTS[script][4] or rng.random() < 0.15 else "") for one in words)


def noisy(rng, script, words, vocabulary):
    changed = list(words)
    for _ in range(rng.randint(0, 5)):
        if not changed:
            return words_of(rng, script, vocabulary)
        at = rng.randrange(len(changed))
        action = rng.randrange(5)
        if action == 0:
            del changed[at]
        elif action == 1:
            changed.insert(at, rng.choice(vocabulary))
        elif action == 2:
            changed[at] = rng.choice(vocabulary)
        elif action == 3:
            changed[at] = changed[at].swapcase() + rng.choice(SCRIPTS[script][1])
        else:
            to = rng.randrange(len(changed))
            changed[at:to] = reversed(changed[at:to])
    return changed


def metrics():
    return {
        **{f"bleu {name}": BLEU(tokenize=name, effective_order=True) for name in ("13a", "intl", "zh", "char")},
        "bleu 13a lower": BLEU(tokenize="13a", lowercase=True, effective_order=True),
        "chrf": CHRF(),
        "chrf++": CHRF(word_order=2),
        "chrf lower": CHRF(lowercase=True),
        "ter": TER(),
        "ter normalized": TER(normalized=True, asian_support=True, no_punct=True),
    }


def rouge(predictions, references, stem):
    """Means over the texts of precision, recall and F1."""
    scores = torch_rouge._rouge_score_update(
        predictions, [[other] for other in references], [1, 2, "L"], accumulate="best", stemmer=PorterStemmer() if stem else None,
    )
    return {
        f"rouge{key}": {field: sum(float(score[field]) for score in values) / len(values) for field in ("precision", "recall", "fmeasure")}
        for key, values in scores.items()
    }


def case(rng, script):
    vocabulary = [word(rng, script) for _ in range(60)]
    rows = [words_of(rng, script, vocabulary) for _ in range(ROWS)]
    references = [joined(rng, script, row) for row in rows]
    predictions = [joined(rng, script, noisy(rng, script, row, vocabulary)) for row in rows]
    scores = {
        name: {
            "signature": str(metric.corpus_score(predictions, [references]) and metric.get_signature()),
            "corpus": metric.corpus_score(predictions, [references]).score,
            "sentences": [metric.sentence_score(own, [other]).score for own, other in zip(predictions, references)],
        }
        for name, metric in metrics().items()
    }
    smooth = SmoothingFunction().method3
    characters = [
        float(sentence_bleu([list(other)], list(own), smoothing_function=smooth)) for own, other in zip(predictions, references)
    ]
    return {
        "script": script, "predictions": predictions, "references": references, "scores": scores, "characterBleu": characters,
        "rouge": {"plain": rouge(predictions, references, False), "stemmed": rouge(predictions, references, True)},
    }


def main():
    rng = random.Random(SEED)
    header = {"source": ", ".join(f"{name} {version(name)}" for name in ("sacrebleu", "nltk", "torchmetrics", "torch")), "writtenBy": "scripts/reference/ten_scripts.py", "seed": SEED}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    lines.append('"cases": [\n' + ",\n".join(json.dumps(case(rng, script)) for script in SCRIPTS) + "\n]")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
