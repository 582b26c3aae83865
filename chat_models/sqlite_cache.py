"""`SQLiteCache`: answers that outlive the process, in one file."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..messages import AIMessage
from .caches import BaseCache, read_answer, written_answer

__all__ = ["SQLiteCache"]

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY,
    llm TEXT NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID
"""
# How long one waits for another process that writes.
_PATIENCE_S = 30.0


class SQLiteCache(BaseCache):
    """Keeps answers in a file, for all processes of this machine.

    Args:
        database_path: The file, which is made if it is not there; its folder must be.

    Raises:
        ConfigError: There can be no such file.
    """

    def __init__(self, database_path: str | os.PathLike[str] = ".levada.db") -> None:
        self.database_path: Path = Path(database_path)
        if str(database_path) == ":memory:":
            raise ConfigError("a cache in memory is an InMemoryCache()")
        try:
            with self._open() as db:
                db.execute("PRAGMA journal_mode=WAL")  # who reads does not wait for who writes
                db.execute(_TABLE)
        except sqlite3.Error as exc:
            raise ConfigError(
                f"{str(database_path)!r} cannot be a database of answers: {exc}"
            ) from exc

    def lookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        with self._open() as db:
            row = db.execute(
                "SELECT answer FROM answers WHERE key = ?", (_key(prompt, llm_string),)
            ).fetchone()
        return None if row is None else read_answer(row[0])

    def update(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        answer = written_answer(return_val)
        with self._open() as db:
            db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                (_key(prompt, llm_string), llm_string, answer),
            )

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers.

        Args:
            kwargs: `llm_string`: forget those of this model only.
        """
        with self._open() as db:
            if (llm := kwargs.get("llm_string")) is not None:
                db.execute("DELETE FROM answers WHERE llm = ?", (llm,))
            else:
                db.execute("DELETE FROM answers")

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        # One connection a call: it costs microseconds, and there is none to close, or to carry over
        # into another thread or a forked process.
        with closing(sqlite3.connect(self.database_path, timeout=_PATIENCE_S)) as db, db:
            yield db


def _key(prompt: str, llm_string: str) -> bytes:
    return hashlib.sha256(f"{len(prompt)}:{prompt}{llm_string}".encode()).digest()
