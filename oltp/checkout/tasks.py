"""Background work of checkout."""

from oltp.checkout.sweeping import sweep_unpaid
from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = (Task("checkout.sweep_unpaid", sweep_unpaid, cron="* * * * *"),)
