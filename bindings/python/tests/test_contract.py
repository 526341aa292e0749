"""The first contract, the bill, and what goes wrong, against a service that answers by script."""

import json
import os
import pickle
import socket
import unittest
from decimal import Decimal

from stub import Stub

from usage_client import APIError, NetworkError, UsageAPIClient, UsageClientError, ValidationError

POSTED = (
    '{"id":1,"month":8,"year":2023,"accumulated_price":"16.61","price_in_dollars":"$16.61","customer":456}'
)
PROCESSED = (
    '{"message":"Entry has already been processed for customer Bob.","data":{"total_price":"$16.61"}}'
)
NO_USAGE = '{"message":"No accumulated usage record or usage records found for customer Alice."}'
NO_CUSTOMER = '{"message":"No accumulated usage record or usage records found for customer."}'


class CreateUsage(unittest.TestCase):
    def test_the_answers_of_the_contract(self):
        for status, body, wrapped in [
            (201, POSTED, True),
            (409, PROCESSED, True),
            (404, NO_USAGE, True),
            (404, NO_CUSTOMER, False),
        ]:
            with self.subTest(body), Stub((status, body), (status, body)) as stub:
                client = UsageAPIClient(stub.url)
                expected = {"message": json.loads(body)} if wrapped else json.loads(body)
                self.assertEqual(client.create_usage(456), expected)
                self.assertEqual(client.create_usage("456"), expected)
                self.assertEqual(stub.asked[0][:2], ("POST", "/api/v1/usage/create/"))
                self.assertEqual([asked[3] for asked in stub.asked], ['{"customer":456}', '{"customer":"456"}'])

    def test_an_empty_customer_is_refused_without_a_request(self):
        with Stub() as stub:
            client = UsageAPIClient(stub.url)
            for customer in (None, "", 0):
                for ask in (client.create_usage, client.bill):
                    with self.assertRaises(ValidationError) as caught:
                        ask(customer)
                    self.assertEqual(str(caught.exception), "Customer cannot be empty")
                    self.assertIsInstance(caught.exception, ValueError)
            self.assertEqual(stub.asked, [])

    def test_what_names_no_customer_is_refused(self):
        client = UsageAPIClient("http://127.0.0.1:9")
        for customer in (True, 4.5, ["x"], 2**63, "\ud800"):
            with self.subTest(customer), self.assertRaisesRegex(ValidationError, "^customer: "):
                client.create_usage(customer)

    def test_every_other_answer_is_an_error_with_the_reason(self):
        problem = {"type": "/p", "title": "Bad", "status": 400, "detail": "customer: is missing", "instance": "/"}
        with Stub((400, json.dumps(problem)), (500, "oops")) as stub:
            client = UsageAPIClient(stub.url, "s3cret")
            with self.assertRaises(APIError) as caught:
                client.create_usage(1)
            error = caught.exception
            self.assertEqual((error.status, error.reason, error.problem), (400, "customer: is missing", problem))
            self.assertEqual(str(error), "400: customer: is missing")
            self.assertEqual(str(pickle.loads(pickle.dumps(error))), str(error))
            with self.assertRaises(UsageClientError) as caught:
                client.create_usage(1)
            self.assertIsNone(caught.exception.problem)
            self.assertEqual(stub.asked[0][2]["authorization"], "Bearer s3cret")

    def test_a_service_that_cannot_be_reached_is_a_network_error(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            with self.assertRaisesRegex(NetworkError, f"^no answer from {url}: ") as caught:
                UsageAPIClient(url).create_usage(1)
            self.assertIsInstance(caught.exception, ConnectionError)

    def test_an_answer_that_takes_too_long_is_a_network_error(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with self.assertRaisesRegex(NetworkError, "timed out after 50ms"):
                UsageAPIClient(url, timeout=0.05).create_usage(1)

    def test_settings_out_of_range_are_refused(self):
        for settings in (
            {"base_url": "localhost:8000"},
            {"base_url": 8000},
            {"timeout": 0},
            {"timeout": -1.0},
            {"timeout": float("nan")},
            {"retries": -1},
            {"batch_size": 0},
            {"api_key": "a b"},
        ):
            name = next(iter(settings))
            with self.subTest(settings), self.assertRaisesRegex(ValidationError, f"^{name}: "):
                UsageAPIClient(**{"base_url": "https://localhost", **settings})


class Bill(unittest.TestCase):
    def test_a_bill_keeps_every_digit(self):
        body = '{"total":"16.61","n":0.1000000000000000000001,"i":12345678901234567890}'
        with Stub((200, body), (200, body)) as stub:
            client = UsageAPIClient(stub.url)
            bill = client.bill(456)
            self.assertEqual(bill["n"], Decimal("0.1000000000000000000001"))
            self.assertEqual(bill["i"], 12345678901234567890)
            client.bill("AWS:123/4 5", "2026-11")
            paths = [asked[1] for asked in stub.asked]
            self.assertEqual(
                paths,
                [
                    "/api/v1/customers/number:456/bill",
                    "/api/v1/customers/AWS:123%2F4%205/bill?month=2026-11",
                ],
            )


@unittest.skipUnless(os.environ.get("USAGE_APP_URL"), "set USAGE_APP_URL to ask a service with the sample loaded")
class Service(unittest.TestCase):
    """The same session with a real service: customers 123 (Alice, no usage) and 456 (Bob)."""

    def test_the_answers_of_the_contract(self):
        client = UsageAPIClient(os.environ["USAGE_APP_URL"], os.environ.get("USAGE_APP_API_KEY"))
        first = client.create_usage(456)["message"]
        # Whoever ran this before in the same month has posted it.
        if "data" not in first:
            self.assertEqual((first["accumulated_price"], first["price_in_dollars"]), ("16.61", "$16.61"))
            self.assertEqual(first["customer"], 456)
        self.assertEqual(client.create_usage(456), {"message": json.loads(PROCESSED)})
        self.assertEqual(client.create_usage(123), {"message": json.loads(NO_USAGE)})
        self.assertEqual(client.create_usage(999999999), json.loads(NO_CUSTOMER))
        self.assertEqual(client.bill(456)["total"], "16.61")


if __name__ == "__main__":
    unittest.main()
