"""Meters and questions to them as Python has them, made ready to send."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from . import _events
from ._errors import ValidationError


def check(meter: Any) -> str:
    """The slug or id of a meter."""
    if not meter:
        raise ValidationError("Meter cannot be empty")
    return _events.text(meter, "meter")


def body(**fields: Any) -> str:
    """A JSON object of the fields that are given."""
    given = {}
    for name, value in fields.items():
        if isinstance(value, datetime):
            value = _events.moment(value)
        elif isinstance(value, str):
            _events.text(value, name)
        if value is not None:
            given[name] = value
    try:
        return json.dumps(given)
    except (TypeError, ValueError) as error:
        raise ValidationError(f"cannot be sent: {error}") from None
