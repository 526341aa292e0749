"""Meters: what goes out, and what comes back, against a service that answers by script and a real one."""

import json
import os
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from stub import Stub

from usage_client import APIError, UsageAPIClient, ValidationError

USAGE = '{"data":[{"value":12345678901234567890.123456789012345678,"subject":null,"groupBy":{}}]}'


class Meters(unittest.TestCase):
    def test_what_is_given_goes_out_and_figures_keep_their_digits(self):
        with Stub((201, '{"slug":"tokens"}'), (200, "[]"), (200, USAGE), (200, '{"data":[]}')) as stub:
            client = UsageAPIClient(stub.url)
            self.assertEqual(client.create_meter("tokens", "SUM", "prompt", "$.n", group_by={"m": "$.m"}), {"slug": "tokens"})
            self.assertEqual(client.meters(), [])
            berlin = datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=1)))
            answer = client.query_meter("tokens", from_time=berlin, customer=[456, "acme"], group_by=["m"], window_size="DAY")
            self.assertEqual(answer["data"][0]["value"], Decimal("12345678901234567890.123456789012345678"))
            self.assertEqual(client.query_meter("a b"), {"data": []})
            lines = [asked[:2] for asked in stub.asked]
            query = ("POST", "/api/v1/meters/tokens/query")
            self.assertEqual(lines, [("POST", "/api/v1/meters"), ("GET", "/api/v1/meters"), query, ("POST", "/api/v1/meters/a%20b/query")])
            made, _, asked, nothing = [json.loads(asked[3] or "null") for asked in stub.asked]
            self.assertEqual(made, {"slug": "tokens", "aggregation": "SUM", "eventType": "prompt", "valueProperty": "$.n", "groupBy": {"m": "$.m"}})
            self.assertEqual(asked, {"windowSize": "DAY", "filterCustomerId": ["456", "acme"], "groupBy": ["m"], "from": "2026-10-31T23:00:00Z"})
            self.assertEqual(nothing, {})

    def test_what_cannot_be_sent_is_refused_without_a_request(self):
        with Stub() as stub:
            client = UsageAPIClient(stub.url)
            for ask in (
                lambda: client.query_meter(""),
                lambda: client.query_meter("m", to=datetime(2026, 11, 1)),
                lambda: client.query_meter("m", subject=[object()]),
                lambda: client.query_meter("m", customer=[""]),
                lambda: client.create_meter("\ud800", "SUM", "t"),
            ):
                with self.assertRaises(ValidationError):
                    ask()
            self.assertEqual(stub.asked, [])


@unittest.skipUnless("USAGE_APP_URL" in os.environ, "USAGE_APP_URL names no service")
class RealService(unittest.TestCase):
    def test_a_meter_measures_what_is_sent(self):
        client = UsageAPIClient(os.environ["USAGE_APP_URL"])
        slug = f"m_{uuid.uuid4().hex}"
        made = client.create_meter(slug, "SUM", slug, "$.n", group_by={"model": "$.model"})
        self.assertIn(made, client.meters())
        data = [{"n": Decimal("0.1"), "model": "a"}, {"n": 2, "model": "b"}, {"n": Decimal("1e-18"), "model": "b"}]
        client.ingest({"subject": slug, "type": slug, "data": each} for each in data)
        rows = client.query_meter(slug, group_by=["model"])["data"]
        self.assertEqual([(row["groupBy"]["model"], row["value"]) for row in rows], [("a", Decimal("0.1")), ("b", Decimal("2.000000000000000001"))])
        with self.assertRaises(APIError) as caught:
            client.query_meter(slug, group_by=["color"])
        self.assertEqual(caught.exception.status, 400)


if __name__ == "__main__":
    unittest.main()
