"""A throw-away database for a benchmark. It is durable, as a user's is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oltp.db.embedded import EmbeddedPostgres
from stormcom.schema import upgrade


@contextmanager
def throwaway_database() -> Iterator[str]:
    """URL of a migrated database on a server of its own, gone at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="stormcom-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server runs as another user
        server = EmbeddedPostgres(Path(folder) / "pg", durable=True)
        url = server.start()
        try:
            upgrade(url)
            yield url
        finally:
            server.stop()
