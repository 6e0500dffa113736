"""The texts of `bench tokens` with the Rust tokenizer from Python, in batches on as many threads.

Run as `python peer_tokens.py JOB.json`; prints its outcome as one JSON object in the last line of stdout.
"""

import json
import os
import sys
import time

with open(sys.argv[1], encoding="utf-8") as given:
    JOB = json.load(given)
os.environ["RAYON_NUM_THREADS"] = str(JOB["threads"])
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import tokenizers  # noqa: E402

BATCH_TEXTS = 1000
CHECK = (1 << 31) - 1


def peak_resident_bytes():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024


def main():
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(JOB["tokenizer"], "tokenizer.json"))
    with open(JOB["file"], encoding="utf-8") as file:
        texts = [message["content"] for line in file for message in json.loads(line)["messages"]]
    made = []
    start = time.perf_counter()
    for first in range(0, len(texts), BATCH_TEXTS):
        batch = tokenizer.encode_batch_fast(texts[first : first + BATCH_TEXTS], add_special_tokens=False)
        made += [encoding.ids for encoding in batch]
    seconds = time.perf_counter() - start
    tokens = check = 0
    for ids in made:
        for number in ids:
            tokens += 1
            check = (check + (number + 1) * (tokens % 1009)) % CHECK
    outcome = {"seconds": seconds, "texts": len(texts), "tokens": tokens, "check": check}
    print(json.dumps({**outcome, "peakResidentBytes": peak_resident_bytes()}), flush=True)


if __name__ == "__main__":
    main()
