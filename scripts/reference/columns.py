"""Writes the rows of packages/data/fixtures/rows/columns.* with PyArrow: texts with empty ones, numbers, lists and a dictionary."""

from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

ROWS = 12
BATCH = 5
folder = Path(__file__).parents[2] / "packages/data/fixtures/rows"

kinds = [["x", "y", "z"][row % 3] for row in range(ROWS)]
table = pa.table(
    {
        "input": [f"第 {row} 个问题" if row % 3 else None for row in range(ROWS)],
        "output": [f"answer {row} é" for row in range(ROWS)],
        "n": [row * 7 for row in range(ROWS)],
        "tags": [["a", "b"][: row % 3] for row in range(ROWS)],
        "kind": pa.array(kinds).dictionary_encode(),
    }
)
for name, writer in [("columns.arrow", ipc.new_file), ("columns-stream.arrow", ipc.new_stream)]:
    with writer(folder / name, table.schema) as file:
        for batch in table.to_batches(max_chunksize=BATCH):
            file.write(batch)
pq.write_table(table, folder / "columns.parquet", compression="zstd", write_page_checksum=True)
