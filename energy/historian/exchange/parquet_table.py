"""Writes a table as Parquet: typed UTC times, unit and sign in each field's metadata, bounded row groups."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from energy.historian.exchange.tables import Batch, Cells, Column, Table

ROWS_PER_GROUP = 65_536
"""A group is closed with the batch that reaches it: some 100 bytes a row, whatever the span."""
_TYPES = {
    "time": pa.timestamp("ms", tz="UTC"),
    "id": pa.dictionary(pa.int32(), pa.string()),
    "text": pa.string(),
    "number": pa.float64(),
}


def write_parquet(path: Path, table: Table, batches: Iterable[Batch], about: Mapping[str, str]) -> int:
    """Write a table, a row group at a time; give its number of rows.

    Args:
        path: the file to make.
        table: what its columns are.
        batches: its rows.
        about: goes into the file's own metadata.
    """
    schema = _schema(table, about)
    count = 0
    waiting: list[pa.RecordBatch] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            arrays = [_array(batch[column.name], column) for column in table.columns]
            waiting.append(pa.record_batch(arrays, schema=schema))
            if sum(part.num_rows for part in waiting) >= ROWS_PER_GROUP:
                count += _flush(writer, schema, waiting)
        count += _flush(writer, schema, waiting)
    return count


def _flush(writer: pq.ParquetWriter, schema: pa.Schema, waiting: list[pa.RecordBatch]) -> int:
    rows = pa.Table.from_batches(waiting, schema=schema)
    writer.write_table(rows, row_group_size=max(1, rows.num_rows))
    waiting.clear()
    return int(rows.num_rows)


def _schema(table: Table, about: Mapping[str, str]) -> pa.Schema:
    fields = [
        pa.field(column.name, _TYPES[column.type], metadata={"unit": column.unit, "sign": column.sign})
        for column in table.columns
    ]
    return pa.schema(fields, metadata={"about": table.about, **about})


def _array(cells: Cells, column: Column) -> pa.Array:
    kind = _TYPES[column.type]
    if column.type == "number":
        return pa.array(np.asarray(cells, dtype=np.float64), type=kind, from_pandas=True)
    if column.type == "time":
        return pa.array(np.asarray(cells).astype("datetime64[ms]"), type=pa.timestamp("ms")).cast(kind)
    texts = pa.array(list(cells), type=pa.string())
    return texts.dictionary_encode().cast(kind) if column.type == "id" else texts


def read_parquet(path: Path, table: Table) -> Iterator[Batch]:
    """Give a table's rows back, a row group at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group)
            yield {column.name: _cells(rows.column(column.name), column) for column in table.columns}


def _cells(values: pa.ChunkedArray, column: Column) -> Cells:
    if column.type == "number":
        return np.asarray(values.to_numpy(), dtype=np.float64)
    if column.type == "time":
        return np.asarray(values.to_numpy(), dtype="datetime64[ms]")
    return list(values.to_pylist())
