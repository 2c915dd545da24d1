"""A lake in a moment: its catalogue and its files are copies of those of a lake that was made before."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from warehouse.connection import Lake, catalogue_conninfo


@dataclass(frozen=True)
class KeptLake:
    """A lake to copy, which nobody has open: the name of its catalogue's database, and the folder of its files."""

    catalogue: str
    folder: Path

    @classmethod
    def of(cls, database_url: str, folder: Path) -> "KeptLake":
        """The lake of a database; it is made if there is none."""
        Lake.open(database_url, data_path=folder).close()
        return cls(_catalogue_of(database_url), folder)

    @contextmanager
    def copied(self, database_url: str, folder: Path) -> Iterator[Lake]:
        """The open copy, as the lake of a database that has none yet, with its files in `folder`.

        One thread: the lakes of most tests hold some hundred rows, and to divide those costs a third of the time.
        """
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        name = sql.Identifier(_catalogue_of(database_url))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    name, sql.Identifier(self.catalogue)
                )
            )
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
        with psycopg.connect(catalogue_conninfo(database_url)) as connection:
            connection.execute("UPDATE ducklake_metadata SET value = %s WHERE key = 'data_path'", (f"{folder}/",))
        with Lake.open(database_url, data_path=folder, threads=1) as lake:
            yield lake


def _catalogue_of(database_url: str) -> str:
    return str(conninfo_to_dict(catalogue_conninfo(database_url))["dbname"])
