"""The book of the fake gateway: what it did, in order, in memory or in a file that outlives a killed process."""

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Book:
    """Lines that are only ever added to. With a path, several processes share it, and each line is on disk at once."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: list[Line] = []
        self._lock = threading.RLock()

    @contextmanager
    def opened(self) -> Iterator[list[Line]]:
        """Let one at a time read all lines and add to the list; what was added is kept at the end of the block."""
        with self._lock:
            if self._path is None:
                yield self._lines
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                lines = [json.loads(line) for line in file if line.strip()]
                before = len(lines)
                yield lines
                file.write("".join(json.dumps(line) + "\n" for line in lines[before:]))
                file.flush()
                os.fsync(file.fileno())

    def lines(self) -> list[Line]:
        """Return a copy of all lines."""
        with self.opened() as lines:
            return [dict(line) for line in lines]
