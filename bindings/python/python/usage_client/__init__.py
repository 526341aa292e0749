"""Asks usage_app what a customer owes, and sends it usage.

    from usage_client import UsageAPIClient
    client = UsageAPIClient("http://localhost:8000")
    client.create_usage(123)

No figure ever becomes a float: they are decimal strings, ints or Decimals in both directions.
"""

from ._client import UsageAPIClient
from ._errors import APIError, NetworkError, UsageClientError, ValidationError

__all__ = ["APIError", "NetworkError", "UsageAPIClient", "UsageClientError", "ValidationError"]
