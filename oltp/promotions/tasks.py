"""Background work of the room `promotions`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
