"""The complete metadata: imports every room's models once, for Alembic and for tests that walk all tables."""

from oltp.db.base import Base

metadata = Base.metadata
