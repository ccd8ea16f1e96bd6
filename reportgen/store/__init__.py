"""The store: Parquet files in long form, one per source, and what was public at a moment.

Columns: series (string), date (day), value (float, null = published as missing), published_at and
retrieved_at (UTC). A revision is a further row of the same series and date. A null published_at is
filled from the series' publication rule. `files` knows the form, `reading` what was public, `merging` and
`writing` how rows are added.
"""

from reportgen.store.files import RESTRICTED, SCHEMA, Columns, encode, table, write
from reportgen.store.reading import Snapshot, Store

__all__ = ["RESTRICTED", "SCHEMA", "Columns", "Snapshot", "Store", "encode", "table", "write"]
