"""The complete metadata: imports every room's models once, for Alembic and for tests that walk all tables."""

from oltp.access import models as access
from oltp.audit import models as audit
from oltp.catalog import models as catalog
from oltp.customers import models as customers
from oltp.db.base import Base
from oltp.events import models as events
from oltp.extraction import models as extraction
from oltp.imports import models as imports
from oltp.insights import models as insights
from oltp.inventory import models as inventory
from oltp.orders import models as orders
from oltp.outbox import models as outbox
from oltp.payments import models as payments
from oltp.recommendations import models as recommendations
from oltp.reviews import models as reviews
from oltp.search import models as search
from oltp.tenancy import models as tenancy

__all__ = ["metadata"]

ROOMS = (
    access,
    audit,
    catalog,
    customers,
    events,
    extraction,
    imports,
    insights,
    inventory,
    orders,
    outbox,
    payments,
    recommendations,
    reviews,
    search,
    tenancy,
)
metadata = Base.metadata
