"""Writes packages/data/fixtures/saved-dataset: saved_dataset.py FOLDER. Made with datasets 5.0.1, PyArrow 25.0.1."""

import json
import pathlib
import shutil
import sys

import datasets

ROWS = 11


def tokens(row):
    return [(row * 37 + place * 101) % 151936 for place in range(row % 5)]


def labels(row):
    return [token if place % 2 else -100 for place, token in enumerate(tokens(row))]


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    columns = {
        "input_ids": [tokens(row) for row in range(ROWS)],
        "attention_mask": [[1] * len(tokens(row)) for row in range(ROWS)],
        "labels": [labels(row) for row in range(ROWS)],
    }
    features = datasets.Features(
        {
            "input_ids": datasets.Sequence(datasets.Value("int32")),
            "attention_mask": datasets.Sequence(datasets.Value("int8")),
            "labels": datasets.Sequence(datasets.Value("int64")),
        }
    )
    tokens_set = datasets.Dataset.from_dict(columns, features=features)
    tokens_set.save_to_disk(str(folder / "tokens"), num_shards=2)
    dialogues = datasets.Dataset.from_dict(
        {
            "messages": [
                [{"role": "user", "content": f"问题 {row}"}, {"role": "assistant", "content": f"answer {row}"}]
                for row in range(3)
            ]
        }
    )
    datasets.DatasetDict({"train": dialogues, "test": dialogues.select([1])}).save_to_disk(str(folder / "dialogues"))
    print(json.dumps({"datasets": datasets.__version__}))
