"""Sending events from Python: digits, batches, retries, interrupts."""

import json
import os
import signal
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from stub import HANG_UP, Stub, accept

from usage_client import APIError, NetworkError, UsageAPIClient, ValidationError


def sent(stub, request=0):
    return json.loads(stub.asked[request][3])


class Ingest(unittest.TestCase):
    def test_an_event_goes_out_with_every_digit(self):
        data = {
            "amount": Decimal("1.10"),
            "large": Decimal("1E+3"),
            "count": 12345678901234567890,
            "text": "0.1\u00fc",
            "list": (None, True, {"x": 1}),
        }
        event = {
            "id": "1",
            "source": "s",
            "type": "t",
            "subject": "acme",
            "time": datetime(2026, 11, 1, 1, 0, 0, 1, timezone(timedelta(hours=1))),
            "data": data,
        }
        with Stub(accept) as stub:
            report = UsageAPIClient(stub.url).ingest([event])
            self.assertEqual(report["verdicts"], [{"index": 0, "verdict": "accepted"}])
            self.assertIn('"amount":"1.10","large":"1000","count":12345678901234567890', stub.asked[0][3])
            out = sent(stub)[0]
            self.assertEqual(out["time"], "2026-11-01T00:00:00.000001Z")
            self.assertEqual((out["specversion"], out["data"]["text"]), ("1.0", "0.1\u00fc"))
            self.assertEqual(out["data"]["list"], [None, True, {"x": 1}])
            self.assertEqual(stub.asked[0][2]["content-type"], "application/cloudevents-batch+json")

    def test_what_is_left_out_is_filled_in(self):
        with Stub(accept) as stub:
            UsageAPIClient(stub.url).ingest([{"subject": "a"}, {"subject": "b"}])
            first, second = sent(stub)
            self.assertNotEqual(first.pop("id"), second.pop("id"))
            self.assertEqual(
                first,
                {"source": "usage_client", "specversion": "1.0", "type": "usage.charge", "subject": "a"},
            )

    def test_what_would_lose_digits_or_mean_nothing_is_refused_by_name(self):
        for event, reason in [
            ({"subject": "a", "data": {"p": {"q": [1, 0.1]}}}, r"^event 1: data\.p\.q\[1\]: is a float.*Decimal or str"),
            ({"subject": "a", "data": {"p": float("nan")}}, r"data\.p: is a float"),
            ({"subject": "a", "data": {"p": Decimal("NaN")}}, r"data\.p: is not finite"),
            ({"subject": "a", "data": {"p": object()}}, r"data\.p: is of type object"),
            ({"subject": "a", "data": {1: "x"}}, r"data: key 1: must be a str"),
            ({"subject": "a", "data": [1]}, "data: must be a dict, not list"),
            ({"subject": "a", "time": datetime(2026, 11, 1)}, "time: a datetime without a time zone"),
            ({"subject": "a", "time": 0}, "time: must be a str, not int"),
            ({"subject": "a", "id": ""}, "id: must not be empty"),
            ({"subject": "a", "tiem": "x"}, "'tiem' is no attribute of an event"),
            ({"subject": "\ud800"}, "subject: holds half a character"),
            ({}, "subject: must not be empty"),
            ("x", "must be a dict, not str"),
        ]:
            with self.subTest(reason), Stub() as stub:
                with self.assertRaisesRegex(ValidationError, reason) as caught:
                    UsageAPIClient(stub.url).ingest([{"id": "1", "subject": "a"}, event])
                self.assertEqual([event["id"] for event in caught.exception.unanswered], ["1"])
                self.assertEqual(stub.asked, [])

    def test_what_failed_for_now_is_sent_again_under_the_same_ids(self):
        with Stub(HANG_UP, (503, "busy"), accept) as stub:
            report = UsageAPIClient(stub.url).ingest({"subject": str(n)} for n in range(3))
            self.assertEqual(report["accepted"], 3)
            self.assertEqual(len(stub.asked), 3)
            self.assertEqual(len({asked[3] for asked in stub.asked}), 1)

    def test_giving_up_tells_what_has_a_verdict_and_what_has_none(self):
        events = iter([{"subject": str(n), "data": {"amount": Decimal("0.10")}} for n in range(5)])
        with Stub(accept, (400, "no"), accept) as stub:
            client = UsageAPIClient(stub.url, batch_size=2)
            with self.assertRaises(APIError) as caught:
                client.ingest(events)
            error = caught.exception
            self.assertEqual((str(error), error.report["accepted"]), ("400: no", 2))
            self.assertEqual([event["subject"] for event in error.unanswered], ["2", "3"])
            self.assertEqual(client.ingest(error.unanswered)["accepted"], 2)
            self.assertEqual(stub.asked[2][3], stub.asked[1][3])
        self.assertEqual([event["subject"] for event in events], ["4"])

    def test_a_service_that_stays_away_is_a_network_error(self):
        with Stub(HANG_UP, HANG_UP) as stub, self.assertRaises(NetworkError) as caught:
            UsageAPIClient(stub.url, retries=1).ingest([{"subject": "a"}])
        self.assertEqual((caught.exception.report["accepted"], len(caught.exception.unanswered)), (0, 1))

    def test_an_error_of_the_callers_own_passes_through(self):
        def events():
            yield {"subject": "a"}
            raise KeyError("mine")

        with Stub() as stub, self.assertRaisesRegex(KeyError, "mine"):
            UsageAPIClient(stub.url).ingest(events())

    def test_an_interrupt_ends_the_wait(self):
        # Whoever starts these tests in the background may have had interrupts ignored.
        earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, earlier)

        def interrupt(body):
            os.kill(os.getpid(), signal.SIGINT)
            return 503, "busy"

        with Stub(interrupt) as stub, self.assertRaises(KeyboardInterrupt):
            UsageAPIClient(stub.url, retries=1000).ingest([{"subject": "a"}])
        self.assertEqual(len(stub.asked), 1)


if __name__ == "__main__":
    unittest.main()
