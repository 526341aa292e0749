"""What can go wrong: nothing was sent, nothing was answered, or the answer was no."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


class UsageClientError(Exception):
    """Any error of this package."""

    #: Of ``ingest``: the verdicts before it stopped, on the first events in the order given.
    report: dict[str, Any] | None = None
    #: Of ``ingest``: events taken from the iterable that have no verdict, ids filled in. Sent again
    #: as they are, they count once.
    unanswered: list[dict[str, Any]] = []


class ValidationError(UsageClientError, ValueError):
    """An argument that cannot be used; it was not sent."""


class NetworkError(UsageClientError, ConnectionError):
    """The service cannot be reached, broke off or did not answer in time."""


class APIError(UsageClientError):
    """An answer that is no result."""

    #: The HTTP status.
    status: int
    #: What the service gives as the reason.
    reason: str
    #: The answer, where it is a problem document (RFC 9457).
    problem: dict[str, Any] | None

    def __init__(self, status: int, reason: str, problem: dict[str, Any] | None = None) -> None:
        super().__init__(status, reason, problem)
        self.status = status
        self.reason = reason
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"


def api_error(status: int, reason: str, problem: str | None) -> APIError:
    """An ``APIError`` from the text of its problem document."""
    return APIError(status, reason, None if problem is None else loads(problem))


def loads(text: str) -> Any:
    """Reads JSON without floats: an integer as an int, any other number as a Decimal."""
    return json.loads(text, parse_float=Decimal)
