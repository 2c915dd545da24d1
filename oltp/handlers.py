"""Who follows what: domain event name → names of the tasks that follow it; and every room's tasks in one list."""

from oltp.access import tasks as access
from oltp.audit import tasks as audit
from oltp.events import tasks as events
from oltp.jobs.task import Task
from oltp.outbox import tasks as outbox
from oltp.pricing import tasks as pricing
from oltp.rollout import tasks as rollout
from oltp.search import tasks as search

FOLLOWERS: dict[str, tuple[str, ...]] = {
    "product.created": (search.REFRESH_PRODUCT,),
    "product.updated": (search.REFRESH_PRODUCT,),
    "product.deleted": (search.REFRESH_PRODUCT,),
    "price.changed": (search.REFRESH_PRODUCT,),
}

TASKS: tuple[Task, ...] = (
    *outbox.TASKS, *audit.TASKS, *events.TASKS, *access.TASKS, *pricing.TASKS, *search.TASKS, *rollout.TASKS,
)
