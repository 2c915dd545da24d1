"""Column types by meaning, so that a model reads like the glossary."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Text, Uuid, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """Postgres's 64-bit transaction id, the type of `row_version`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the SQL type."""
        return "xid8"


Id = Annotated[UUID, mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))]
StoreId = Annotated[UUID, mapped_column(Uuid, ForeignKey("stores.id", ondelete="CASCADE"))]
Key = Annotated[UUID, mapped_column(Uuid)]
Amount = Annotated[int, mapped_column(BigInteger)]
Count = Annotated[int, mapped_column(BigInteger)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
LegacyInstant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True, precision=3))]
Day = Annotated[date, mapped_column(Date)]
String = Annotated[str, mapped_column(Text)]
RowVersion = Annotated[str, mapped_column(Xid8, server_default=text("pg_current_xact_id()"))]
