"""Writes packages/data/fixtures/rows/*.feather: feather.py FOLDER. Made with PyArrow 25.0.1."""

import sys

import pyarrow as pa
import pyarrow.feather as feather

rows = [
    {
        "input": "你好，请问几点开门？" * 20,
        "output": f"早上九点开门。{n}",
        "n": n,
        "tags": ["a", "b"],
        "who": {"id": n, "name": None},
    }
    for n in range(200)
]
table = pa.Table.from_pylist(rows)
for compression in ("lz4", "zstd"):
    feather.write_feather(table, f"{sys.argv[1]}/{compression}.feather", compression=compression)
