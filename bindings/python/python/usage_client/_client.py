"""The client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from . import _errors, _events, _meters, _native
from ._errors import UsageClientError, ValidationError


class UsageAPIClient:
    """Asks one usage_app. It keeps its connections alive, and threads may share it.

    ``timeout`` is for a whole request, in seconds. ``retries`` is how many times events are sent
    again after the first try; nothing but events is ever sent again. ``batch_size`` is the most
    events that go in one request.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 5,
        batch_size: int = 1000,
    ) -> None:
        _events.text(base_url, "base_url")
        if api_key is not None:
            _events.text(api_key, "api_key")
        for name, value in (("retries", retries), ("batch_size", batch_size)):
            if not isinstance(value, int) or not 0 <= value < 2**31:
                raise ValidationError(f"{name}: must be an int from 0")
        self._batch_size = batch_size
        self._native = _native.Client(base_url, api_key, timeout, retries, batch_size)
        self._base_url = base_url

    def __repr__(self) -> str:
        return f"UsageAPIClient({self._base_url!r})"

    def create_usage(self, customer: int | str | None) -> dict[str, Any]:
        """Posts the customer's usage of the current month to that month's bill.

        Returns ``{'message': body}`` with the service's body: the posting (201), that nothing is
        new since the last one (409), or that there is no usage this month (404). Where there is no
        such customer, returns the body itself.

        Raises ``ValidationError`` without a request for an empty customer, ``NetworkError`` where
        the service cannot be reached or answers too late, ``APIError`` for every other answer.
        """
        return _errors.loads(self._native.create_usage(_name(customer)))

    def bill(self, customer: int | str, month: str | None = None) -> dict[str, Any]:
        """What the customer owes for a month, ``YYYY-MM`` in its time zone, the current one unless
        given. An int is the customer's number; a str is its key, number or id.

        All figures are decimal strings in whole units. Raises as ``create_usage`` does; ``APIError``
        with status 404 where there is no such customer.
        """
        if month is not None:
            _events.text(month, "month")
        return _errors.loads(self._native.bill(_name(customer), month))

    def meters(self) -> list[dict[str, Any]]:
        """All meters, in the order in which they were made."""
        return _errors.loads(self._native.meters())

    def create_meter(
        self,
        slug: str,
        aggregation: str,
        event_type: str,
        value_property: str | None = None,
        *,
        group_by: Mapping[str, str] | None = None,
        event_from: str | datetime | None = None,
        name: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Makes a meter and returns it; it covers the events that are stored already.

        ``aggregation`` is SUM, COUNT, UNIQUE_COUNT, AVG, MIN, MAX, LATEST, WEIGHTED_SUM or UNIT_HOURS;
        ``value_property`` is where an event's value is in its data, such as ``$.tokens`` (COUNT needs
        none); ``group_by`` names what usage can be told apart by, such as ``{"model": "$.model"}``.

        Raises ``APIError`` with status 400 for a field that is wrong, 409 where the slug is taken.
        """
        body = _meters.body(
            slug=slug, aggregation=aggregation, eventType=event_type, valueProperty=value_property,
            groupBy=group_by, eventFrom=event_from, name=name, description=description, metadata=metadata,
        )
        return _errors.loads(self._native.create_meter(body))

    def query_meter(
        self,
        meter: str,
        *,
        from_time: str | datetime | None = None,
        to: str | datetime | None = None,
        window_size: str | None = None,
        window_time_zone: str | None = None,
        subject: Sequence[str] | None = None,
        customer: Sequence[int | str] | None = None,
        group_by: Sequence[str] | None = None,
        filter_group_by: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """A meter's usage, by slug or id: ``{"data": [{"value": …, "windowStart": …, …}]}``. A ``value`` is
        an int or a Decimal with all of its digits.

        ``window_size`` is MINUTE, HOUR, DAY or MONTH of ``window_time_zone`` (UTC unless given); without
        it there is one row for the whole time. ``group_by`` takes the meter's dimensions, ``subject`` and
        ``customer_id``. Times are RFC 3339, or datetimes with a time zone.

        Raises ``APIError`` with status 400 for a question that has no answer, 404 where there is no such
        meter or customer.
        """
        _meters.check(meter)
        names = None if customer is None else [str(_name(each)) for each in customer]
        question = _meters.body(
            to=to, windowSize=window_size, windowTimeZone=window_time_zone, subject=subject,
            filterCustomerId=names, groupBy=group_by, filterGroupBy=filter_group_by, **{"from": from_time},
        )
        return _errors.loads(self._native.query_meter(meter, question))

    def ingest(self, events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Sends events and returns how many were ``accepted``, ``duplicate``, ``conflict`` and
        ``rejected``, with ``verdicts``: one per event, in the order given.

        An event is a dict with the keys of a CloudEvent: ``subject``, and where wanted ``id`` (a
        fresh one otherwise), ``source``, ``type`` (``usage.charge`` otherwise), ``time`` (RFC 3339,
        or a datetime with a time zone; the moment of arrival otherwise) and ``data``, a dict. In
        ``data`` a Decimal goes out as a string of its digits, an int as it is; a float is refused.

        Without an answer, on 429 and on 502 to 504, the same events are sent again under the same
        ids. When that does not help, or the service says no, raises ``NetworkError`` or
        ``APIError``; ``ValidationError`` for an event that cannot be sent. Their ``report`` has the
        verdicts until then, their ``unanswered`` the events taken from ``events`` without one.
        """
        rows = _events.rows(events)
        report, unanswered, error = self._native.ingest(rows, self._batch_size)
        if error is None:
            return _errors.loads(report)
        if isinstance(error, UsageClientError):
            error.report = _errors.loads(report)
            error.unanswered = _errors.loads(unanswered)
        raise error


def _name(customer: Any) -> int | str:
    if not customer:
        raise ValidationError("Customer cannot be empty")
    if isinstance(customer, str):
        return _events.text(customer, "customer")
    if isinstance(customer, bool) or not isinstance(customer, int):
        raise ValidationError(f"customer: must be an int or a str, not {type(customer).__name__}")
    if not -(2**63) <= customer < 2**63:
        raise ValidationError("customer: is beyond every customer's number")
    return customer
