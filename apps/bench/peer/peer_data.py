"""The steps of `bench data` with datasets, tokenizers and NumPy: clean, exact and near duplicates, personal data, split, tokens to Arrow.

Run as `python peer_data.py JOB.json`; prints its outcome as one JSON object in the last line of stdout.
"""

import hashlib
import json
import os
import re
import resource
import sys
import time
import unicodedata

import datasets
import numpy as np
import tokenizers

PROCESSES = min(2, os.cpu_count())
THRESHOLD = 0.85
BANDS, ROWS_A_BAND = 20, 6
SHINGLE = 5
PRIME = np.uint64((1 << 61) - 1)
WORD = np.uint64(0xFFFFFFFF)

CONTROL = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u2060\ufeff]")
BLANKS = re.compile(r"[ \t\u3000]+")
KINDS = {
    "电话": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    "邮箱": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "证件": re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"),
    "订单": re.compile(r"(?<=订单号)[ :：]*\d{6,}"),
}


def mask(text, seen):
    for kind, pattern in KINDS.items():
        text = pattern.sub(lambda match: f"[{kind}{seen.setdefault((kind, match[0]), len(seen) + 1)}]", text)
    return text


def clean(row):
    seen = {}
    messages = []
    for message in row["messages"]:
        text = unicodedata.normalize("NFC", message["content"])
        text = BLANKS.sub(" ", CONTROL.sub("", text)).strip()
        messages.append({"role": message["role"], "content": mask(text, seen)})
    text = "\n".join(message["content"] for message in messages)
    return {"messages": messages, "text": text, "digest": hashlib.sha1(text.encode()).hexdigest()}


def shingles(text):
    width = min(SHINGLE, len(text))
    return {text[at : at + width] for at in range(len(text) - width + 1)}


def sign(batch):
    """MinHash signatures of a batch, as bytes of the keys of the bands."""
    random = np.random.default_rng(1)
    factors = random.integers(1, 1 << 32, BANDS * ROWS_A_BAND, dtype=np.uint64)
    terms = random.integers(0, 1 << 32, BANDS * ROWS_A_BAND, dtype=np.uint64)
    keys = []
    for text in batch["text"]:
        points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        width = min(SHINGLE, len(points))
        if width == 0:
            keys.append([0] * BANDS)
            continue
        hashes = np.zeros(len(points) - width + 1, dtype=np.uint64)
        for at in range(width):
            hashes = hashes * np.uint64(0x100000001B3) ^ points[at : at + len(hashes)]
        hashes &= WORD
        slots = ((hashes[:, None] * factors + terms) % PRIME & WORD).min(axis=0).reshape(BANDS, ROWS_A_BAND)
        keys.append([int.from_bytes(hashlib.blake2b(band.tobytes(), digest_size=7).digest(), "little") for band in slots])
    return {"keys": keys}


def near_copies(rows):
    """Numbers of rows that are near copies of an earlier row that stays."""
    keys = np.asarray(rows.with_format("numpy")["keys"][:], dtype=np.int64)
    texts = rows["text"]
    copies = set()
    compared = set()
    for band in range(BANDS):
        order = np.argsort(keys[:, band], kind="stable")
        column = keys[order, band]
        edges = np.flatnonzero(np.diff(column)) + 1
        for bucket in np.split(order, edges):
            if len(bucket) < 2:
                continue
            leaders = []
            for row in bucket.tolist():
                if row in copies:
                    continue
                own = None
                for leader, of_leader in leaders:
                    if (leader, row) in compared:
                        continue
                    compared.add((leader, row))
                    own = own or shingles(texts[row])
                    shared = len(own & of_leader)
                    if shared / (len(own) + len(of_leader) - shared) >= THRESHOLD:
                        copies.add(row)
                        break
                else:
                    if len(leaders) < 64:
                        leaders.append((row, own or shingles(texts[row])))
    return copies


def render(messages):
    pieces = []
    for message in messages:
        pieces.append((f"<|im_start|>{message['role']}\n", False))
        pieces.append((message["content"] + "<|im_end|>", message["role"] == "assistant"))
        pieces.append(("\n", False))
    return pieces


def tokenise(batch, tokenizer):
    pieces = [render(messages) for messages in batch["messages"]]
    flat = [text for row in pieces for text, _ in row]
    encoded = iter(tokenizer.encode_batch(flat, add_special_tokens=False))
    ids, labels = [], []
    for row in pieces:
        of_row, wanted = [], []
        for _, learnt in row:
            some = next(encoded).ids
            of_row += some
            wanted += some if learnt else [-100] * len(some)
        ids.append(of_row)
        labels.append(wanted)
    return {"input_ids": ids, "labels": labels}


def split_of(digest, seed):
    point = int(hashlib.sha1(f"{seed} {digest}".encode()).hexdigest()[:13], 16) / 16**13
    return "train" if point < 0.7 else "validation" if point < 0.8 else "test"


def peak_resident_bytes():
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                own = int(line.split()[1])
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    datasets.disable_progress_bars()
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(job["tokenizer"], "tokenizer.json"))
    start = time.perf_counter()
    cache = job["output"] + "-cache"
    rows = datasets.load_dataset("json", data_files=job["file"], split="train", cache_dir=cache)
    read = len(rows)
    rows = rows.map(clean, num_proc=PROCESSES)
    first = {}
    for row, digest in enumerate(rows["digest"]):
        first.setdefault(digest, row)
    rows = rows.select(sorted(first.values()))
    rows = rows.map(sign, batched=True, num_proc=PROCESSES)
    copies = near_copies(rows)
    rows = rows.select([row for row in range(len(rows)) if row not in copies])
    splits = [split_of(digest, job["seed"]) for digest in rows["digest"]]
    rows = rows.map(tokenise, batched=True, fn_kwargs={"tokenizer": tokenizer}, remove_columns=rows.column_names)
    tokens = 0
    for name in ("train", "validation", "test"):
        some = rows.select([row for row, split in enumerate(splits) if split == name])
        some.save_to_disk(os.path.join(job["output"], name))
        tokens += sum(len(ids) for ids in some["input_ids"])
    outcome = {
        "seconds": time.perf_counter() - start,
        "read": read,
        "kept": len(rows),
        "tokens": tokens,
        "peakResidentBytes": peak_resident_bytes(),
    }
    print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
