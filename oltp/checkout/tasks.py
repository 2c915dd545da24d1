"""Background work of checkout."""

from oltp.checkout.reconciling import reconcile_payments
from oltp.checkout.sweeping import return_owed, sweep_unpaid
from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = (
    Task("checkout.sweep_unpaid", sweep_unpaid, cron="* * * * *"),
    Task("checkout.reconcile_payments", reconcile_payments, cron="* * * * *"),
    Task("checkout.return_owed", return_owed, cron="*/5 * * * *"),
)
