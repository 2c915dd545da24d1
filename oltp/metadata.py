"""The complete metadata: imports every room's models once, for Alembic and for tests that walk all tables."""

from oltp.access import models as access
from oltp.apps import models as apps
from oltp.audit import models as audit
from oltp.carts import models as carts
from oltp.catalog import content_models as catalog_content
from oltp.catalog import models as catalog
from oltp.customers import models as customers
from oltp.customers import segment_models as customer_segments
from oltp.db.base import Base
from oltp.events import models as events
from oltp.extraction import models as extraction
from oltp.fraud import models as fraud
from oltp.idempotency import models as idempotency
from oltp.imports import models as imports
from oltp.insights import models as insights
from oltp.inventory import models as inventory
from oltp.jobs import models as jobs
from oltp.merchandising import models as merchandising
from oltp.orders import models as orders
from oltp.outbox import models as outbox
from oltp.payments import models as payments
from oltp.pricing import models as pricing
from oltp.pricing import tax_models as pricing_taxes
from oltp.promotions import models as promotions
from oltp.recommendations import models as recommendations
from oltp.returns import models as returns
from oltp.reviews import models as reviews
from oltp.search import models as search
from oltp.shipping import models as shipping
from oltp.subscriptions import models as subscriptions
from oltp.tenancy import models as tenancy
from oltp.webhooks import models as webhooks

__all__ = ["metadata"]

ROOMS = (
    access,
    apps,
    audit,
    carts,
    catalog_content,
    catalog,
    customers,
    customer_segments,
    events,
    extraction,
    fraud,
    idempotency,
    imports,
    insights,
    inventory,
    jobs,
    merchandising,
    orders,
    outbox,
    payments,
    pricing,
    pricing_taxes,
    promotions,
    recommendations,
    returns,
    reviews,
    search,
    shipping,
    subscriptions,
    tenancy,
    webhooks,
)
metadata = Base.metadata
