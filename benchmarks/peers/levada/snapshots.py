"""W10 with levada."""

from __future__ import annotations

from levada.parsers import JsonOutputParser

from ...documents import file_snapshots

file_snapshots(JsonOutputParser().transform)
