"""Writes packages/eval/fixtures/embeddings.json: cosines of texts by a small model, as Transformers computes its states.

The embedding of a text is the mean of the last hidden states over its own tokens, without those that frame it.
Usage: python scripts/reference/text_embeddings.py, with torch and transformers installed.
"""

import json
from pathlib import Path

import torch
import transformers

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "packages/model/fixtures/stories260k"
PAIRS = [
    ("Once upon a time there was a little girl.", "Once upon a time there was a little girl."),
    ("Once upon a time there was a little girl.", "One day a big dog ran to the park."),
    ("Tom had a red ball.", "Lily had a blue ball, and she was happy."),
    ("The sun is bright.", "the sun is bright"),
    ("你好，世界", "Hello, world"),
    ("a", "😀 ñ\ttab"),
]

tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
model = transformers.AutoModel.from_pretrained(MODEL, dtype=torch.float32).eval()


def embedding(text: str) -> torch.Tensor:
    framed = tokenizer(text)["input_ids"]
    own = tokenizer(text, add_special_tokens=False)["input_ids"]
    start = next(i for i in range(len(framed)) if framed[i : i + len(own)] == own)
    with torch.no_grad():
        states = model(torch.tensor([framed])).last_hidden_state[0].double()
    return states[start : start + len(own)].mean(0)


pairs = [
    {
        "texts": pair,
        "cosine": torch.nn.functional.cosine_similarity(*(embedding(text) for text in pair), dim=0).item(),
    }
    for pair in PAIRS
]
source = f"transformers {transformers.__version__}, torch {torch.__version__}, float32"
out = ROOT / "packages/eval/fixtures/embeddings.json"
out.write_text(json.dumps({"source": source, "pairs": pairs}, ensure_ascii=False, indent=2) + "\n")
