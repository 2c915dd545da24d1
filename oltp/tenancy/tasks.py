"""Background work of the room `tenancy`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
