"""Random texts with the ids that Python's tokenizers gives them: the fixture `packages/model/fixtures/tokenizer-texts.jsonl`.

    pip install tokenizers
    python tokenizer_texts.py OUTPUT COUNT NAME=tokenizer.json ...

The first line of OUTPUT says what made it; each further line is {"text", NAME: [ids], ...} without special tokens around the text.
"""

import json
import random
import sys

import tokenizers

SEED = 20261128
# First and last code points: letters, marks, digits, signs and blanks of many scripts, most of the time assigned ones.
RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x30, 0x39), (0xA0, 0xFF), (0x100, 0x17F), (0x1C4, 0x1F0), (0x250, 0x2AF),
    (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x45F), (0x531, 0x58A), (0x590, 0x5F4), (0x600, 0x6FF), (0x900, 0x97F),
    (0x980, 0x9FE), (0xB80, 0xBFA), (0xE01, 0xE5B), (0xF00, 0xFDA), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF),
    (0x1200, 0x137C), (0x1780, 0x17F9), (0x1E00, 0x1EFF), (0x1F00, 0x1FFE), (0x2000, 0x206F), (0x2070, 0x209C), (0x20A0, 0x20C0),
    (0x2100, 0x218B), (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2600, 0x27BF), (0x3000, 0x303F), (0x3041, 0x309F), (0x30A0, 0x30FF),
    (0x3105, 0x318E), (0x3200, 0x32FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x4E00, 0x5FFF), (0xA000, 0xA48C), (0xAC00, 0xD7A3),
    (0xF900, 0xFAD9), (0xFB00, 0xFB4F), (0xFE00, 0xFE2F), (0xFE30, 0xFE6B), (0xFF01, 0xFFEE), (0xFFF9, 0xFFFD), (0x10000, 0x100FA),
    (0x10330, 0x1034A), (0x1D400, 0x1D7FF), (0x1F1E6, 0x1F1FF), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF),
    (0x20000, 0x2A6DF), (0x2F800, 0x2FA1D), (0xE0100, 0xE01EF),
]
BLANKS = [" ", "  ", "\n", "\r\n", "\n\n", "\t", "\r", " \n", "\n ", "\u3000", "\u00a0", "\u0085", "\u2028", "\u200b", "\ufeff", "\x0b", "\x0c", "\x1f", "\u1680"]
PARTS = [
    "'s", "'S", "'\u017f", "'t", "'RE", "'ve", "'m", "'LL", "'d", "'D", "\u2019s", "don't", "I'LL", "hello", " world", "Hello", " The", "internationalisation",
    "你好", "订单号", "退款", "，", "。", "！", "？", "123", "2026", "3.14", "12345678", "１２３", "²³", "①②", "Ⅻ", "½", "๑๒", "٣٤", "...", "!!!", "??", "--", "==", "://", "@", "#",
    "👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "❤️", "e\u0301", "a\u0308\u0301", "한국어", "\u1112\u1161\u11ab", "が", "か\u3099", "ﬁ", "Å", "\u212b", "\u2126", "\u0958", "क\u093c", "ไทย", "العربية", "עברית",
    "<|im_start|>", "<|im_end|>", "<|im_", "<|endoftext|>", "<think>", "</think>", "<thin", "<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜", "<tool_call>",
    "<|im_start|><|im_end|>", "<<think>>", "\x00", "\x7f", "\u00ad", "\u200d", "\ufffd", "\u0345", "\U000e0001", "aaaaaaaaaaaaaaaa", "        ", "ſ", "İ", "ß", "K",
]
COMMON = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动"


def piece(draw):
    kind = draw.random()
    if kind < 0.2:
        return draw.choice(PARTS)
    if kind < 0.35:
        return draw.choice(BLANKS)
    if kind < 0.45:
        return "".join(draw.choice(COMMON) for _ in range(draw.randint(1, 12)))
    if kind < 0.55:
        return "".join(chr(draw.randint(0x61, 0x7A)) for _ in range(draw.randint(1, 9)))
    if kind < 0.57:
        point = draw.randint(0, 0x10FFFF)
        return "" if 0xD800 <= point < 0xE000 else chr(point)
    low, high = draw.choice(RANGES)
    return "".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 4)))


def main():
    output, count = sys.argv[1], int(sys.argv[2])
    named = {}
    for argument in sys.argv[3:]:
        name, path = argument.split("=", 1)
        named[name] = tokenizers.Tokenizer.from_file(path)
    draw = random.Random(SEED)
    with open(output, "w", encoding="utf-8") as file:
        file.write(json.dumps({"tokenizers": tokenizers.__version__, "seed": SEED, "count": count}) + "\n")
        for _ in range(count):
            text = "".join(piece(draw) for _ in range(draw.randint(1, draw.choice([2, 4, 8, 16]))))
            ids = {name: tokenizer.encode(text, add_special_tokens=False).ids for name, tokenizer in named.items()}
            file.write(json.dumps({"text": text, **ids}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
