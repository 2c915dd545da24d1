"""States of an attempt and of a refund. An attempt's follows from its facts (rules.fold); none is set by hand."""

ATTEMPT = ("created", "authorized", "captured", "voided", "failed", "unknown")
REFUND = ("pending", "processed", "failed")
# The domain event that tells of an attempt's new status. `created` is told by the order; `unknown` only where no answer
# came, not while one is waited for.
EVENTS = {status: f"payment.{status}" for status in ATTEMPT if status not in ("created", "unknown")}
UNANSWERED = "payment.unknown"
