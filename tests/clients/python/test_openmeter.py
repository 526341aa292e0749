"""The published Python client, as its users use it, against the real service (USAGE_APP_URL)."""

import os
import unittest
import uuid
from datetime import datetime, timedelta, timezone

from corehttp.exceptions import HttpResponseError, ResourceNotFoundError
from openmeter import Client
from openmeter.models import Event, MeterCreate, MeterUpdate

URL = os.environ["USAGE_APP_URL"]
CLIENT = Client(endpoint=URL, token="any")
NOW = datetime.now(timezone.utc)


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def meter(slug, **more):
    fields = {"slug": slug, "event_type": f"{slug}.used", "aggregation": "SUM", "value_property": "$.value"}
    return CLIENT.meters.create(MeterCreate(**{**fields, **more}))


def event(slug, data, **more):
    fields = {"id": str(uuid.uuid4()), "source": "python", "specversion": "1.0", "type": f"{slug}.used", "subject": slug}
    return Event(**{**fields, "data": data, **more})


def minute(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M")


def rows(answer):
    """Window, subject, groups and value of each row."""
    return [
        (minute(row.window_start), minute(row.window_end), row.subject, dict(row.group_by), row.value)
        for row in answer.data
    ]


class Published(unittest.TestCase):
    def fails(self, status, kind, call, *args, **kwargs):
        with self.assertRaises(kind) as raised:
            call(*args, **kwargs)
        self.assertEqual(raised.exception.status_code, status)
        self.assertEqual(raised.exception.response.headers["content-type"], "application/problem+json")
        return raised.exception.response.text()


class Ingest(Published):
    def test_single_events_and_a_batch_of_a_thousand_are_summed_exactly(self):
        for slug in ("py_singles", "py_batch"):
            meter(slug)
        moments = [NOW + timedelta(days=i % 61 - 30) for i in range(1000)]
        for i in range(100):
            CLIENT.events.ingest_event(event("py_singles", {"value": str(i)}, time=moments[i]))
        CLIENT.events.ingest_events([event("py_batch", {"value": i}, time=moments[i]) for i in range(1000)])
        for slug, total in (("py_singles", 4950), ("py_batch", 499500)):
            answer = CLIENT.meters.query_json(slug)
            self.assertEqual([(row.value, row.subject) for row in answer.data], [(total, None)])
            self.assertEqual((answer.from_property, answer.to, answer.window_size), (None, None, None))
        self.assertEqual(len(CLIENT.meters.query_json("py_batch", window_size="DAY").data), 61)

    def test_an_event_counts_once_however_often_it_is_sent(self):
        meter("py_duplicates", aggregation="COUNT", value_property=None)
        name = str(uuid.uuid4())
        for i in range(20):
            moment = NOW - timedelta(hours=i)
            CLIENT.events.ingest_events([event("py_duplicates", {}, id=name, time=moment) for _ in range(50)])
        self.assertEqual([row.value for row in CLIENT.meters.query_json("py_duplicates").data], [1])

    def test_unusable_values_are_stored_left_out_and_explained(self):
        meter("py_invalid", value_property="$.duration_ms")
        no_data = "invalid event: null and missing value property"
        missing = 'invalid event: missing value property: "$.duration_ms"'
        bad = [
            (None, no_data),
            ({}, missing),
            ({"duration_ms": None}, missing),
            ({"duration_ms": "NaN"}, "invalid event: value cannot be NaN"),
            ({"duration_ms": "Infinity"}, "invalid event: value cannot be infinity"),
            ({"duration_ms": "-Infinity"}, "invalid event: value cannot be infinity"),
        ]
        events = [event("py_invalid", data, id=f"bad-{i}") for i, (data, _) in enumerate(bad)]
        CLIENT.events.ingest_events([*events, event("py_invalid", {"duration_ms": "100"}, id="good")])
        self.assertEqual([row.value for row in CLIENT.meters.query_json("py_invalid").data], [100])
        listed = {each.event.id: each.validation_error for each in CLIENT.events.list(subject="py_invalid")}
        expected = {f"bad-{i}": error for i, (_, error) in enumerate(bad)}
        self.assertEqual(listed, {**expected, "good": None})

    def test_an_event_that_is_none_refuses_the_whole_request(self):
        meter("py_refused")
        bad = [event("py_refused", {"value": 1}), event("py_refused", {"value": 2}, subject="")]
        said = self.fails(400, HttpResponseError, CLIENT.events.ingest_events, bad)
        self.assertIn("event 1: subject: must not be empty", said)
        self.assertEqual(list(CLIENT.meters.query_json("py_refused").data), [])


class Queries(Published):
    @classmethod
    def setUpClass(cls):
        meter("py_queries", group_by={"model": "$.model", "region": "$.region"})

        def at(moment, subject, value, model, region=None):
            data = {"value": value, "model": model} | ({"region": region} if region else {})
            return event("py_queries", data, subject=subject, time=moment)

        CLIENT.events.ingest_events([
            at(utc(2025, 3, 6, 9, 0, 30), "py-web", 1000, "large", "eu"),
            at(utc(2025, 3, 7, 7, 59, 59), "py-web", 0.5, "large", "us"),
            at(utc(2025, 3, 9, 8), "py-web", 20, "small"),
            at(utc(2025, 3, 10, 6, 59, 59), "py-api", 300, "large", "eu"),
            at(utc(2025, 3, 10, 7), "py-api", 4, "small", "eu"),
        ])

    def test_the_same_answer_comes_by_get_and_by_post(self):
        march = {"from": utc(2025, 3, 1), "to": utc(2025, 4, 1)}
        whole = ("2025-03-01T00:00", "2025-04-01T00:00")
        la = {"windowTimeZone": "America/Los_Angeles"}
        for question, expected in [
            ({}, [("2025-03-06T09:00", "2025-03-10T07:01", None, {}, 1324.5)]),
            (march, [(*whole, None, {}, 1324.5)]),
            ({"windowSize": "MINUTE", "subject": ["py-api"]}, [
                ("2025-03-10T06:59", "2025-03-10T07:00", "py-api", {}, 300),
                ("2025-03-10T07:00", "2025-03-10T07:01", "py-api", {}, 4),
            ]),
            ({"windowSize": "HOUR", "from": utc(2025, 3, 10)}, [
                ("2025-03-10T06:00", "2025-03-10T07:00", None, {}, 300),
                ("2025-03-10T07:00", "2025-03-10T08:00", None, {}, 4),
            ]),
            # The ninth of March has 23 hours in Los Angeles.
            ({"windowSize": "DAY", **la}, [
                ("2025-03-06T08:00", "2025-03-07T08:00", None, {}, 1000.5),
                ("2025-03-09T08:00", "2025-03-10T07:00", None, {}, 320),
                ("2025-03-10T07:00", "2025-03-11T07:00", None, {}, 4),
            ]),
            ({"windowSize": "MONTH", **la}, [("2025-03-01T08:00", "2025-04-01T07:00", None, {}, 1324.5)]),
            ({**march, "groupBy": ["subject"]}, [
                (*whole, "py-api", {}, 304),
                (*whole, "py-web", {}, 1020.5),
            ]),
            ({**march, "groupBy": ["region", "model"], "subject": ["py-web"]}, [
                (*whole, "py-web", {"region": None, "model": "small"}, 20),
                (*whole, "py-web", {"region": "eu", "model": "large"}, 1000),
                (*whole, "py-web", {"region": "us", "model": "large"}, 0.5),
            ]),
            ({**march, "subject": ["py-nobody"]}, []),
        ]:
            with self.subTest(question=question):
                names = {"from": "from_parameter", "windowSize": "window_size", "windowTimeZone": "window_time_zone",
                         "groupBy": "group_by"}
                got = CLIENT.meters.query_json("py_queries", **{names.get(k, k): v for k, v in question.items()})
                self.assertEqual(rows(got), expected)
                body = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in question.items()}
                posted = CLIENT.meters.query("py_queries", body)
                self.assertEqual(rows(posted), expected)
                for answer in (got, posted):
                    self.assertEqual(answer.from_property, question.get("from"))
                    self.assertEqual(answer.to, question.get("to"))
                    self.assertEqual(answer.window_size, question.get("windowSize"))

    def test_a_post_filters_by_dimension_and_customer(self):
        filters = {"filterGroupBy": {"model": ["large"], "region": ["eu", "us"]}}
        self.assertEqual([row.value for row in CLIENT.meters.query("py_queries", filters).data], [1300.5])
        acme = CLIENT.customers.create({"name": "Py", "usageAttribution": {"subjectKeys": ["py-api"]}})
        for name in (acme.id, str(acme["number"])):
            answer = CLIENT.meters.query("py_queries", {"filterCustomerId": [name], "groupBy": ["customer_id"]})
            self.assertEqual([(row.value, row.customer_id) for row in answer.data], [(304, acme.id)])

    def test_csv_by_get_and_by_post(self):
        total = "window_start,window_end,value\n2025-03-06T09:00:00Z,2025-03-10T07:01:00Z,1324.500000\n"
        self.assertEqual(CLIENT.meters.query_csv("py_queries"), total)
        self.assertEqual(CLIENT.meters.query_csv_post("py_queries"), total)
        by_day = CLIENT.meters.query_csv("py_queries", window_size="DAY", group_by=["model"], subject=["py-api"])
        self.assertEqual(
            by_day,
            "window_start,window_end,subject,model,value\n"
            "2025-03-10T00:00:00Z,2025-03-11T00:00:00Z,py-api,large,300.000000\n"
            "2025-03-10T00:00:00Z,2025-03-11T00:00:00Z,py-api,small,4.000000\n",
        )

    def test_subjects_and_values_are_listed(self):
        self.assertEqual(list(CLIENT.meters.list_subjects("py_queries")), ["py-api", "py-web"])
        self.assertEqual(list(CLIENT.meters.list_group_by_values("py_queries", "region")), ["eu", "us"])

    def test_unusable_questions_are_problems(self):
        for question, reason in [
            ({"group_by": ["color"]}, "color"),
            ({"window_time_zone": "Mars/Base"}, "windowTimeZone"),
            ({"from_parameter": NOW, "to": NOW}, "must be before to"),
            # This client writes a dict as text: its POST form is the usable one.
            ({"filter_group_by": {"model": "large"}}, "filterGroupBy"),
        ]:
            with self.subTest(question=question):
                self.assertIn(reason, self.fails(400, HttpResponseError, CLIENT.meters.query_json, "py_queries", **question))
        self.fails(404, ResourceNotFoundError, CLIENT.meters.query_json, "py_nothing")


class Catalog(Published):
    def test_meters_are_made_shown_changed_and_ended(self):
        made = meter("py_meters", name="Meter", group_by={"model": "$.model"})
        self.assertEqual((made.slug, made.aggregation, made.event_type), ("py_meters", "SUM", "py_meters.used"))
        for name in (made.id, "py_meters"):
            self.assertEqual(CLIENT.meters.get(name), made)
        self.assertIn(made, list(CLIENT.meters.list()))
        changed = CLIENT.meters.update("py_meters", MeterUpdate(name="Other", group_by={"region": "$.region"}))
        self.assertEqual((changed.name, dict(changed.group_by)), ("Other", {"region": "$.region"}))
        self.fails(409, HttpResponseError, meter, "py_meters")
        self.fails(400, HttpResponseError, meter, "Not A Slug")
        CLIENT.meters.delete("py_meters")
        self.fails(404, ResourceNotFoundError, CLIENT.meters.get, "py_meters")

    def test_customers_are_kept_as_they_are_sent(self):
        attribution = {"subjectKeys": ["py-a", "py-b"]}
        made = CLIENT.customers.create({"name": "Py Ltd", "key": "py-ltd", "usageAttribution": attribution,
                                        "currency": "EUR", "metadata": {"crm": "7"}})
        self.assertEqual((made.name, made.key, made.currency), ("Py Ltd", "py-ltd", "EUR"))
        self.assertEqual(list(made.usage_attribution.subject_keys), ["py-a", "py-b"])
        for name in ("py-ltd", made.id, str(made["number"])):
            self.assertEqual(CLIENT.customers.get(name), made)
        page = CLIENT.customers.list(page=1, page_size=1000)
        self.assertEqual((page.page, page.page_size, page.total_count), (1, 1000, len(page["items"])))
        changed = CLIENT.customers.update("py-ltd", {"name": "Py AG", "key": "py-ltd", "usageAttribution": attribution})
        self.assertEqual(changed.name, "Py AG")
        self.fails(409, HttpResponseError, CLIENT.customers.create, {"name": "Second", "key": "py-ltd"})
        CLIENT.customers.delete(made.id)
        self.fails(404, ResourceNotFoundError, CLIENT.customers.get, made.id)

    def test_subjects_are_made_changed_and_forgotten(self):
        made = CLIENT.subjects.upsert([{"key": "py-a", "displayName": "A", "metadata": {"tier": "gold"}}, {"key": "py-b"}])
        self.assertEqual([(each.key, each.display_name) for each in made], [("py-a", "A"), ("py-b", None)])
        changed = CLIENT.subjects.upsert([{"key": "py-a", "displayName": "B"}])
        self.assertEqual((changed[0].id, changed[0].display_name, changed[0].metadata), (made[0].id, "B", {"tier": "gold"}))
        self.assertEqual(CLIENT.subjects.get(made[0].id), changed[0])
        self.assertEqual([each.key for each in CLIENT.subjects.list() if each.key.startswith("py-")], ["py-a", "py-b"])
        CLIENT.subjects.delete("py-a")
        self.fails(404, ResourceNotFoundError, CLIENT.subjects.get, "py-a")


if __name__ == "__main__":
    unittest.main()
