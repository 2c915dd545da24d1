"""The application: rooms, edge and error handlers put together. Importing it loads no model and no pipeline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

import oltp.metadata  # noqa: F401 - a row can be flushed only where every table its keys name is known
from oltp.db.session import Database
from oltp.kit.clock import Clock
from oltp.kit.secrets import SecretBox
from oltp.kit.settings import Settings
from oltp.payments.gateway import Gateways
from oltp.search.encoders import Encoder, encoder_from
from search_api.carts import endpoints as carts
from search_api.catalog import endpoints as catalog
from search_api.checkout import endpoints as checkout
from search_api.customers import endpoints as customers
from search_api.dashboard import endpoints as dashboard
from search_api.documentation import add_documentation
from search_api.errors import add_error_handlers
from search_api.events import endpoints as events
from search_api.fraud import endpoints as fraud
from search_api.health import endpoints as health
from search_api.invariants import endpoints as invariants
from search_api.inventory import endpoints as inventory
from search_api.logging import configure_logging
from search_api.merchandising import endpoints as merchandising
from search_api.metrics import endpoints as metrics
from search_api.middleware import Edge
from search_api.orders import endpoints as orders
from search_api.payments import endpoints as payments
from search_api.plan import endpoints as plan
from search_api.pricing import endpoints as pricing
from search_api.promotions import endpoints as promotions
from search_api.recommendations import endpoints as recommendations
from search_api.returns import endpoints as returns
from search_api.reviews import endpoints as reviews
from search_api.search import endpoints as search
from search_api.shipping import endpoints as shipping
from search_api.subscriptions import endpoints as subscriptions
from search_api.timing import TimingRecorder

# In the order of the documentation's page.
ROOMS = (
    health, catalog, merchandising, pricing, promotions, inventory, reviews, search, recommendations, customers, carts,
    checkout, orders, payments, shipping, returns, subscriptions, fraud, plan, events, metrics, invariants,
    dashboard,
)
DESCRIPTION = """All that a store needs to sell, and to know what it sold; the store comes from the bearer token.

Amounts are whole minor units: 1999 is 19.99 USD, but 1999 JPY. Listings are pages; `next` is the `cursor` of the next.
A POST may be repeated with the same `Idempotency-Key`: it is done once.

Errors are RFC 9457 problem+json; `errors` names the inputs that were refused by their places, such as
`body.items.0.quantity`, `query.limit` or `path.cart_id`. `X-Request-ID` and `X-Correlation-ID` are taken or made, and
answered."""


def create_app(*, settings: Settings, database: Database, clock: Clock, encoder: Encoder | None = None,
               expected_revision: str | None = None, gateways: Gateways | None = None,
               box: SecretBox | None = None) -> FastAPI:
    """Make the application; it opens no connection and loads no model before the first request that needs one.

    `expected_revision` is the migration /readyz demands (None: any), `encoder` and `gateways` by default the settings'
    own; `box` seals what must not lie open in the database.
    """
    configure_logging(settings.log_level)
    timings = TimingRecorder(database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        timings.start()
        yield
        await run_in_threadpool(timings.stop)

    app = FastAPI(title="StormCom", version="0.1.0", description=DESCRIPTION, lifespan=lifespan, docs_url=None,
                  redoc_url=None)
    app.state.database, app.state.clock, app.state.encoder = database, clock, encoder or encoder_from(settings)
    app.state.gateways, app.state.box = gateways or Gateways.of(settings, box=box), box
    app.state.settings, app.state.timings, app.state.expected_revision = settings, timings, expected_revision
    add_error_handlers(app)
    include_rooms(app)
    add_documentation(app)
    app.add_middleware(Edge, timings=timings, clock=clock)
    return app


def include_rooms(app: FastAPI) -> None:
    """Add each room's router; paths are written out in full in the rooms, so there are no prefixes here."""
    for room in ROOMS:
        app.include_router(room.router)
