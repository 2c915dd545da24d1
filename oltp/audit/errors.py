"""Refusals of audit entries; each names the field."""

from oltp.kit.errors import Invalid


class AuditFieldEmpty(Invalid):
    """The audit entry needs {field}: it must not be empty."""


class AuditValueUnknown(Invalid):
    """The audit entry's {field} must be one of {allowed}, not {value}."""
