"""Who follows what: domain event name → names of the tasks that follow it; and every room's tasks in one list."""

from oltp.access import tasks as access
from oltp.audit import tasks as audit
from oltp.carts import tasks as carts
from oltp.checkout import tasks as checkout
from oltp.customers import tasks as customers
from oltp.events import tasks as events
from oltp.events.purchases import RECORD_PURCHASE
from oltp.idempotency import tasks as idempotency
from oltp.inventory import tasks as inventory
from oltp.jobs import mirror as jobs
from oltp.jobs.task import Task
from oltp.merchandising import tasks as merchandising
from oltp.outbox import tasks as outbox
from oltp.payments import tasks as payments
from oltp.pricing import tasks as pricing
from oltp.promotions import tasks as promotions
from oltp.returns import tasks as returns
from oltp.rollout import tasks as rollout
from oltp.search import tasks as search
from oltp.shipping import tasks as shipping
from oltp.subscriptions import tasks as subscriptions
from oltp.tenancy import tasks as tenancy

FOLLOWERS: dict[str, tuple[str, ...]] = {
    "order.placed": (RECORD_PURCHASE,),
    "product.created": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "product.updated": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "product.published": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "product.deleted": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "price.changed": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "order.released": (shipping.FOLLOW_ORDER,),
    "order.items_cancelled": (shipping.FOLLOW_ORDER,),
    "refund.processed": (returns.FINISH_RETURN,),
    "product.restored": (search.REFRESH_PRODUCT, merchandising.REFRESH_PRODUCT),
    "variant.created": (merchandising.REFRESH_VARIANT,),
    "variant.updated": (merchandising.REFRESH_VARIANT,),
    "variant.deleted": (merchandising.REFRESH_VARIANT,),
    "category.updated": (search.REFRESH_CATEGORY, merchandising.FILL_STORE),
    "category.deleted": (merchandising.FILL_STORE,),
    "brand.updated": (search.REFRESH_BRAND,),
    "brand.deleted": (merchandising.FILL_STORE,),
    "attribute.updated": (merchandising.FILL_STORE,),
    "attribute.deleted": (merchandising.FILL_STORE,),
    "inventory.sold_out": (merchandising.REFRESH_VARIANT,),
    "inventory.back_in_stock": (merchandising.REFRESH_VARIANT,),
    "inventory.level_changed": (merchandising.REFRESH_VARIANT,),
    "inventory.low_stock": (inventory.LOW_STOCK,),
}
# A customer's figures and segments follow every step of his orders, and his own changes.
FOLLOWERS.update({
    name: (*FOLLOWERS.get(name, ()), task)
    for task, names in customers.FOLLOWED.items() for name in names})

TASKS: tuple[Task, ...] = (
    *jobs.TASKS, *outbox.TASKS, *idempotency.TASKS, *audit.TASKS, *events.TASKS, *access.TASKS, *tenancy.TASKS,
    *customers.TASKS, *pricing.TASKS, *inventory.TASKS, *merchandising.TASKS, *promotions.TASKS,
    *carts.TASKS, *payments.TASKS, *shipping.TASKS, *checkout.TASKS, *returns.TASKS, *subscriptions.TASKS,
    *search.TASKS, *rollout.TASKS,
)
