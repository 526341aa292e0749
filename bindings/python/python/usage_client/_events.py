"""Events as Python has them, made ready to send without losing a digit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Optional

from ._errors import ValidationError

#: id, source, type, subject, time, data as JSON.
Row = tuple[Optional[str], Optional[str], Optional[str], str, Optional[str], Optional[str]]

_ATTRIBUTES = {"id", "source", "specversion", "type", "subject", "time", "data"}


def rows(events: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Each event as the native client takes it; an error names the event by its place from 0."""
    for index, event in enumerate(events):
        try:
            yield _row(event)
        except ValidationError as error:
            raise ValidationError(f"event {index}: {error}") from None


def text(value: Any, name: str) -> str:
    """A str that can go out as UTF-8."""
    if not isinstance(value, str):
        raise ValidationError(f"{name}: must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValidationError(f"{name}: holds half a character ({error.reason})") from None
    return value


def _row(event: Mapping[str, Any]) -> Row:
    if not isinstance(event, Mapping):
        raise ValidationError(f"must be a dict, not {type(event).__name__}")
    unknown = [key for key in event if key not in _ATTRIBUTES]
    if unknown:
        known = ", ".join(sorted(_ATTRIBUTES))
        raise ValidationError(f"{unknown[0]!r} is no attribute of an event (those are {known})")
    if event.get("specversion", "1.0") != "1.0":
        raise ValidationError("specversion: must be '1.0'")
    return (
        _name(event, "id"),
        _name(event, "source"),
        _name(event, "type"),
        _name(event, "subject") or _missing("subject"),
        moment(event.get("time")),
        _data(event.get("data")),
    )


def _name(event: Mapping[str, Any], key: str) -> str | None:
    value = event.get(key)
    if value is None:
        return None
    return text(value, key) or _missing(key)


def _missing(key: str) -> str:
    raise ValidationError(f"{key}: must not be empty")


def moment(value: Any) -> str | None:
    """A moment as it goes out."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        return text(value, "time")
    if value.utcoffset() is None:
        raise ValidationError("time: a datetime without a time zone names no moment; give it a tzinfo")
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def _data(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValidationError(f"data: must be a dict, not {type(value).__name__}")
    try:
        return json.dumps(_plain(value, "data"), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ValidationError("data: is nested too deep") from None


def _plain(value: Any, at: str) -> Any:
    """The value in what JSON writes exactly; ``at`` is where it stands."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value, at)
    if isinstance(value, int):
        # JSON has no limit, but the interpreter has one for writing integers.
        return int(value) if value.bit_length() <= 4096 else _unusable(at, "is too large")
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else _unusable(at, "is not finite")
    if isinstance(value, float):
        return _unusable(at, "is a float, whose digits are not certain; use Decimal or str")
    if isinstance(value, Mapping):
        return {text(key, f"{at}: key {key!r}"): _plain(item, f"{at}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{at}[{index}]") for index, item in enumerate(value)]
    return _unusable(at, f"is of type {type(value).__name__}, which JSON cannot hold")


def _unusable(at: str, why: str) -> Any:
    raise ValidationError(f"{at}: {why}")
