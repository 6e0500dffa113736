"""Writes packages/eval/fixtures/recorded.json: scores of random texts by the implementations that @lathe/eval follows.

The texts are drawn from small vocabularies with a fixed seed: English, Chinese, emoji and other scripts, mixtures,
odd white space, empty and one-character texts. Each case holds the texts, the options and what the reference said.

Needs Python 3.11 with sacrebleu 2.6.0, nltk 3.10.3, torch and torchmetrics 1.9.0. From the root of the repository:

    python scripts/reference/eval_metrics.py
"""

import json
import random
import unicodedata
from importlib.metadata import version
from pathlib import Path

import torchmetrics.functional.text.rouge as torch_rouge
from nltk.stem.porter import PorterStemmer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from sacrebleu.metrics import BLEU, CHRF
from torchmetrics.functional.text.squad import squad

SEED = 20261123
TARGET = Path(__file__).resolve().parents[2] / "packages" / "eval" / "fixtures" / "recorded.json"

ENGLISH = (
    "the a an The An of to and your order refund parcel delivery was shipped shipping delayed on Monday 6:30 p.m. 1,000.50 "
    "24-hour e-mail can't it's U.S. (tracking no. 4471-B) \"quoted\" & &amp; &lt;b&gt; <skipped> -- - ; ? ! ... $5 50% a_b "
    "naïve café İstanbul ΣΑΣ Straße re-opened ['x'] {y} ~ ^ ` | \\ / 3.14. 7, ,8 x.y 5-6 – — “smart” ‘q’ … € № ½ ² ٣.٤ x٫y "
    "happily relational conditionally generalizations flies dies sky news agreed hopping"
).split()
CHINESE = list("您好的退款已于周一受理预计五个工作日内到账请问可以修改收货地址吗我们会尽快处理感谢等待") + list(
    "，。！？、；：“”‘’（）《》…—·～％㊤㍿〇々ㄅ⺀⼀﨎丽𠮷𠀀㐂"
) + ["SF4471", "30", "3.5", "iPhone", "Wi-Fi", "OK", "Ｏ", "１２", " ", " "]
OTHER = list("😀👍🏽👨‍👩‍👧🇩🇪❤️☎→∑√½٣०ｱﾊﾟけテ한글éé\u200b\ufeff") + [
    "\u00a0", "\u3000", "\u2009", "\u0085", "\u001c", "\t", "\u2028", "\n", "-\n", "a", "B", "1", ".", ",", "π", "ß", "_",
]
DEGENERATE = ["", " ", "a", "。", ".", "the", "好", "😀", "a a a a a a", "好好好好好", "\u3000", "- . ,", "a an the", "...", "ab", "abc", "1", "x  y"]


def text(rng: random.Random) -> str:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice(DEGENERATE)
    length = rng.randrange(1, 22)
    if kind == 1:
        return " ".join(rng.choices(ENGLISH, k=length))
    if kind == 2:
        return "".join(rng.choices(CHINESE, k=length))
    if kind == 3:
        return "".join(rng.choices(OTHER, k=length))
    return "".join(rng.choice(rng.choice([ENGLISH, CHINESE, OTHER])) + rng.choice(["", " "]) for _ in range(length))


def edit(rng: random.Random, source: str) -> str:
    """A text that shares much with `source`, so that the scores are not all near 0."""
    if rng.random() < 0.15:
        return text(rng)
    units = list(source) if " " not in source.strip() else source.split(" ")
    for _ in range(rng.randrange(0, 4)):
        if not units:
            break
        at = rng.randrange(len(units))
        action = rng.randrange(4)
        if action == 0:
            del units[at]
        elif action == 1:
            units.insert(at, rng.choice(units))
        elif action == 2:
            other = rng.randrange(len(units))
            units[at], units[other] = units[other], units[at]
        else:
            units[at] = rng.choice(units).swapcase()
    return ("" if " " not in source.strip() else " ").join(units)


def segments(rng: random.Random, count: int, most_references: int = 3):
    predictions, references = [], []
    for _ in range(count):
        first = text(rng)
        references.append([first] + [edit(rng, first) for _ in range(rng.choice([0, 0, rng.randrange(most_references)]))])
        predictions.append(edit(rng, first))
    return predictions, references


def by_reference(references):
    """sacreBLEU's layout: the n-th references of all segments together, None where a segment has fewer."""
    return [[refs[n] if n < len(refs) else None for refs in references] for n in range(max(map(len, references)))]


def bleu_case(rng: random.Random):
    predictions, references = segments(rng, rng.choice([1, 1, 2, 3]))
    smoothing = rng.choice(["none", "floor", "add-k", "exp"])
    value = rng.choice([None, 0.125, 0.5, 2.0]) if smoothing in ("floor", "add-k") else None
    options = {
        "tokenizer": rng.choice(["13a", "intl", "char", "zh", "none"]),
        "smoothing": smoothing,
        "maxOrder": rng.choice([1, 2, 4, 4, 4, 6]),
        "effectiveOrder": rng.random() < 0.5,
        "lowercase": rng.random() < 0.5,
    }
    metric = BLEU(
        tokenize=options["tokenizer"], smooth_method=smoothing, smooth_value=value, max_ngram_order=options["maxOrder"],
        effective_order=options["effectiveOrder"], lowercase=options["lowercase"],
    )
    if value is not None:
        options["smoothingValue"] = value
    result = metric.corpus_score(predictions, by_reference(references))
    return {
        "predictions": predictions, "references": references, "options": options,
        "score": result.score, "counts": result.counts, "totals": result.totals, "precisions": result.precisions,
        "brevityPenalty": result.bp, "predictionLength": result.sys_len, "referenceLength": result.ref_len,
        "signature": str(metric.get_signature()),
    }


def chrf_case(rng: random.Random):
    predictions, references = segments(rng, rng.choice([1, 1, 2, 3]))
    options = {
        "characterOrder": rng.choice([1, 4, 6, 6, 6]), "wordOrder": rng.choice([0, 0, 1, 2, 2]), "beta": rng.choice([1, 2, 2, 3]),
        "lowercase": rng.random() < 0.5, "whitespace": rng.random() < 0.3, "epsilonSmoothing": rng.random() < 0.3,
    }
    metric = CHRF(
        char_order=options["characterOrder"], word_order=options["wordOrder"], beta=options["beta"],
        lowercase=options["lowercase"], whitespace=options["whitespace"], eps_smoothing=options["epsilonSmoothing"],
    )
    result = metric.corpus_score(predictions, by_reference(references))
    return {
        "predictions": predictions, "references": references, "options": options,
        "score": result.score, "name": result.name, "signature": str(metric.get_signature()),
    }


def nltk_case(rng: random.Random):
    predictions, references = segments(rng, 1)
    smoothing = rng.choice(["none", "floor", "add-k", "exp"])
    order = rng.choice([1, 2, 4, 4])
    method = {"none": "method0", "floor": "method1", "add-k": "method2", "exp": "method3"}[smoothing]
    score = sentence_bleu(
        [list(reference) for reference in references[0]], list(predictions[0]), weights=(1 / order,) * order,
        smoothing_function=getattr(SmoothingFunction(), method),
    )
    return {
        "prediction": predictions[0], "references": references[0],
        "options": {"smoothing": smoothing, "maxOrder": order}, "score": float(score),
    }


def chinese_tokens(line: str):
    tokens, run = [], ""
    for character in line.lower():
        if character in "abcdefghijklmnopqrstuvwxyz0123456789":
            run += character
            continue
        if run:
            tokens.append(run)
        run = ""
        if "\u4e00" <= character <= "\u9fff":
            tokens.append(character)
    return tokens + [run] if run else tokens


def rouge_case(rng: random.Random):
    predictions, references = segments(rng, rng.choice([1, 2, 3]))
    join = rng.random() < 0.4
    if join:  # several lines, for ROUGE-Lsum
        predictions = [rng.choice(["\n", "\n\n"]).join([p, edit(rng, p), p[: len(p) // 2]]) for p in predictions]
        references = [["\n".join([r, edit(rng, r)]) for r in refs] for refs in references]
    options = {
        "kinds": ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"], "tokenizer": rng.choice(["en", "zh"]),
        "stem": rng.random() < 0.5, "accumulate": rng.choice(["best", "average"]),
    }
    chinese = options["tokenizer"] == "zh"
    # TorchMetrics finds sentences with a trained model; @lathe/eval takes lines, as rouge_score does.
    torch_rouge._split_sentence = lambda value: value.split("\n")
    scores = torch_rouge._rouge_score_update(
        predictions, references, [1, 2, 3, "L", "Lsum"], accumulate={"best": "best", "average": "avg"}[options["accumulate"]],
        stemmer=PorterStemmer() if options["stem"] else None,
        normalizer=(lambda value: value) if chinese else None, tokenizer=chinese_tokens if chinese else None,
    )
    return {
        "predictions": predictions, "references": references, "options": options,
        "scores": {
            f"rouge{key}": {
                field: sum(float(score[field]) for score in values) / len(values)
                for field in ("precision", "recall", "fmeasure")
            }
            for key, values in scores.items()
        },
    }


def squad_case(rng: random.Random):
    predictions, references = segments(rng, 1)
    result = squad(
        [{"prediction_text": predictions[0], "id": "0"}],
        [{"answers": {"answer_start": [0] * len(references[0]), "text": references[0]}, "id": "0"}],
    )
    return {
        "prediction": predictions[0], "references": references[0],
        "exactMatch": float(result["exact_match"]), "f1": float(result["f1"]),
    }


def stems(rng: random.Random):
    """Words put together from parts that the stemmer's rules are about."""
    starts = "a be cre de e fl geo hop i in k log na op po qu re s tr u vi y sky ty th arch electr sens oper feud form tan fil yy".split()
    middles = " at bl iz ll ss zz tt y ay ey al iv ous ic ent er ion able".split(" ")
    ends = (
        "s sses ies ss ed ied eed ing y ational tional enci anci izer bli abli alli entli eli ousli ization ation ator alism iveness "
        "fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement "
        "ment ent ion tion sion ou ism ate iti ous ive ize e ll le ly"
    ).split()
    words = {rng.choice(starts) + rng.choice(middles) + rng.choice(["", rng.choice(middles)]) + rng.choice(ends) for _ in range(1500)}
    words |= set(
        "skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed caresses ponies "
        "ties cats feed agreed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing "
        "filing happy enjoy spy say by relational rational valenci digitizer conformabli radicalli vileli analogousli "
        "vietnamization operator feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti triplicate "
        "formative formalize electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable "
        "defensible irritant replacement adjustment dependent adoption homologou communism activate angulariti homologous "
        "effective bowdlerize probate rate cease controll roll died dies flies sayed ax axing geologi archaeologi 24hours 1990s".split()
    )
    stemmer = PorterStemmer()
    return {word: stemmer.stem(word) for word in sorted(words)}


def word_characters():
    """Ranges of code points that Python's \\w takes for part of a word, of the characters that Unicode 14 assigns."""
    import re

    ranges = []
    for code in range(0x110000):
        character = chr(code)
        if 0xD800 <= code <= 0xDFFF or unicodedata.category(character) == "Cn" or not re.match(r"\w", character):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def main():
    rng = random.Random(SEED)
    cases = {
        "bleu": [bleu_case(rng) for _ in range(160)],
        "chrf": [chrf_case(rng) for _ in range(100)],
        "nltk": [nltk_case(rng) for _ in range(80)],
        "rouge": [rouge_case(rng) for _ in range(100)],
        "squad": [squad_case(rng) for _ in range(80)],
    }
    header = {
        "source": ", ".join(f"{name} {version(name)}" for name in ("sacrebleu", "nltk", "torchmetrics", "torch")),
        "writtenBy": "scripts/reference/eval_metrics.py", "seed": SEED,
    }
    # One case a line keeps the file readable in a diff. Nothing but ASCII keeps odd white space visible.
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    for kind, rows in cases.items():
        lines.append(f"{json.dumps(kind)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    lines.append(f'"stems": {json.dumps(stems(rng))}')
    lines.append(f'"wordCharacters": {json.dumps(word_characters())}')
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
