"""Scores of `bench scores` by sacreBLEU and, where it is there, rouge_score.

Run as `python peer_scores.py JOB.json`; prints its outcome as one JSON object in the last line of stdout.
"""

import json
import resource
import sys
import time

from sacrebleu.metrics import BLEU, CHRF

try:
    from rouge_score.rouge_scorer import RougeScorer
except ImportError:
    RougeScorer = None


def read(path, key):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line)[key] for line in file]


def rouge(predictions, references):
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    total = 0
    for prediction, reference in zip(predictions, references):
        total += scorer.score(reference, prediction)["rougeL"].fmeasure
    return total / len(predictions)


def peak_resident_bytes():
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    metrics = {
        "bleu": lambda own, other: BLEU(tokenize="zh").corpus_score(own, [other]).score,
        "chrf": lambda own, other: CHRF().corpus_score(own, [other]).score,
        "rouge": None if RougeScorer is None else rouge,
    }
    seconds, scores = {}, {}
    for name, measure in metrics.items():
        start = time.process_time()
        scores[name] = None if measure is None else measure(read(job["predictions"], "prediction"), read(job["references"], "reference"))
        seconds[name] = None if measure is None else time.process_time() - start
    print(json.dumps({"seconds": seconds, "scores": scores, "secondsWithIntervals": None, "peakResidentBytes": peak_resident_bytes()}), flush=True)


if __name__ == "__main__":
    main()
