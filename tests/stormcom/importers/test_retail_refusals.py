"""Imports that are refused change nothing, and nobody else sees an import."""

from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.locking import try_lock
from stormcom.importers.errors import (
    BrokenFile,
    ImportRunning,
    StoreDiffers,
)
from stormcom.importers.online_retail.keys import SOURCE
from tests.stormcom.importers.gift_shop import DECEMBER, TABLES, Importer
from tests.stormcom.importers.retail_files import Line, write_text


def test_another_store_sees_nothing(shop: Importer, store: UUID) -> None:
    shop(DECEMBER)
    with shop.database.session_for(store) as session:
        for table in (*TABLES, "import_batch"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_a_store_with_other_money_is_refused(shop: Importer, store: UUID) -> None:
    with pytest.raises(StoreDiffers, match="demo is in USD, America/New_York; this file needs one in GBP"):
        shop(DECEMBER, slug="demo")
    with shop.database.session_for(store) as session:
        assert session.scalar(text("SELECT count(*) FROM import_run")) == 0


def test_a_broken_file_leaves_no_trace(shop: Importer) -> None:
    path = write_text(shop.folder / "bad.csv", "536365,1,X,abc,12/1/2010 8:26,2.55,17850,UK")
    with pytest.raises(BrokenFile, match=r"bad\.csv: line 2, column Quantity"):
        shop.file(path)
    with pytest.raises(BrokenFile, match="must be > 0"):
        shop([Line("1", "1", -1, "2")])
    with shop.database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM stores")) == 0


def test_of_two_imports_at_once_the_second_is_refused(shop: Importer) -> None:
    with shop.database.anonymous_session() as session:
        assert try_lock(session, scope=f"import:{SOURCE}", key="gifts")
        with pytest.raises(ImportRunning, match="Another import into the store gifts is running"):
            shop(DECEMBER)
        assert shop(DECEMBER, slug="elsewhere").added["orders"] == 3
    assert shop(DECEMBER).added["orders"] == 3
