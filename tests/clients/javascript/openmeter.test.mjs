// The published JavaScript client, as its users use it, against the real service (USAGE_APP_URL).
import { OpenMeter, HTTPError } from "@openmeter/sdk";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

const baseUrl = process.env.USAGE_APP_URL;
assert.ok(baseUrl, "USAGE_APP_URL names no service");
const openmeter = new OpenMeter({ baseUrl, apiKey: "any" });
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A meter of its own with its event type. */
async function meter(slug, more = {}) {
  const made = await openmeter.meters.create({
    slug, eventType: `${slug}.used`, aggregation: "SUM", valueProperty: "$.value", ...more,
  });
  return { ...made, send: (events) => openmeter.events.ingest(
    [events].flat().map((event) => ({ source: "node", type: made.eventType, subject: slug, ...event }))) };
}

/** A request that must fail with a problem. */
async function fails(request, status, detail) {
  const error = await request.then(() => assert.fail("it succeeded"), (error) => error);
  assert.ok(error instanceof HTTPError, String(error));
  assert.deepEqual([error.status, error.getField("status")], [status, status]);
  assert.match(error.message, detail);
  assert.ok(error.type.startsWith("/problems/") && error.getField("instance"), error.type);
}

/** A version 3 query, which this client does not know. */
async function v3(id, body) {
  const response = await fetch(`${baseUrl}/api/v3/openmeter/meters/${id}/query`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

test("a thousand single posts and one of a thousand are summed exactly", async () => {
  const singles = await meter("js_singles");
  const batch = await meter("js_batch");
  const time = (i) => new Date(Date.now() + (i % 61 - 30) * DAY);
  const events = Array.from({ length: 1000 }, (_, i) => ({ time: time(i), data: { value: i % 2 ? i : String(i) } }));
  for (let i = 0; i < events.length; i += 50) {
    await Promise.all(events.slice(i, i + 50).map((event) => singles.send(event)));
  }
  await batch.send(events);
  for (const slug of ["js_singles", "js_batch"]) {
    const { data, ...echo } = await openmeter.meters.query(slug);
    assert.deepEqual(echo, {});
    assert.deepEqual(data.map((row) => [row.value, row.subject, row.groupBy]), [[499500, null, {}]]);
  }
  const days = await openmeter.meters.query("js_batch", { windowSize: "DAY" });
  assert.equal(days.data.length, 61);
  assert.equal(days.data.reduce((sum, row) => sum + row.value, 0), 499500);
});

test("a thousand posts of one id count as one, whatever their time says", async () => {
  const { send } = await meter("js_duplicates", { aggregation: "COUNT", valueProperty: undefined });
  const id = randomUUID();
  const start = Date.now() - DAY;
  for (let i = 0; i < 1000; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => send({ id, time: new Date(start + (i + j) * 1000) })));
  }
  const { data } = await openmeter.meters.query("js_duplicates");
  assert.deepEqual(data.map((row) => row.value), [1]);
});

test("events whose value is unusable are stored, left out and say why", async () => {
  const { send } = await meter("js_invalid", { valueProperty: "$.duration_ms" });
  const bad = [
    [undefined, "invalid event: null and missing value property"],
    [null, "invalid event: null and missing value property"],
    [{}, 'invalid event: missing value property: "$.duration_ms"'],
    [{ duration_ms: null }, 'invalid event: missing value property: "$.duration_ms"'],
    [{ duration_ms: "NaN" }, "invalid event: value cannot be NaN"],
    [{ duration_ms: "Infinity" }, "invalid event: value cannot be infinity"],
  ];
  await send([...bad.map(([data], i) => ({ id: `bad-${i}`, data })), { id: "good", data: { duration_ms: "100" } }]);
  const { data } = await openmeter.meters.query("js_invalid");
  assert.deepEqual(data.map((row) => row.value), [100]);
  const listed = await openmeter.events.list({ subject: "js_invalid" });
  const errors = Object.fromEntries(listed.map((each) => [each.event.id, each.validationError]));
  const expected = Object.fromEntries(bad.map(([, error], i) => [`bad-${i}`, error]));
  assert.deepEqual(errors, { ...expected, good: undefined });
});

test("an event that is none refuses the whole request", async () => {
  const { send } = await meter("js_refused");
  await fails(send([{ data: { value: 1 } }, { subject: "" }]), 400, /event 1: subject: must not be empty/);
  await fails(send({ data: "text" }), 400, /data: must be a JSON object/);
  assert.deepEqual((await openmeter.meters.query("js_refused")).data, []);
});

test("usage is asked for in total, by windows, subjects and groups, and both versions agree", async () => {
  const { id, send } = await meter("js_queries", { groupBy: { model: "$.model", region: "$.region" } });
  const at = (time, subject, value, model, region) => ({ subject, time: new Date(time), data: { value, model, region } });
  await send([
    at("2025-03-06T09:00:30Z", "js-web", 1000, "large", "eu"),
    at("2025-03-07T07:59:59Z", "js-web", 0.5, "large", "us"),
    at("2025-03-09T08:00:00Z", "js-web", 20, "small"),
    at("2025-03-10T06:59:59Z", "js-api", 300, "large", "eu"),
    at("2025-03-10T07:00:00Z", "js-api", 4, "small", "eu"),
  ]);
  const acme = await openmeter.customers.create({ name: "Acme", usageAttribution: { subjectKeys: ["js-api"] } });
  const march = { from: new Date("2025-03-01T00:00:00Z"), to: new Date("2025-04-01T00:00:00Z") };
  const la = "America/Los_Angeles";
  for (const [query, rows] of [
    [{}, [["2025-03-06T09:00", "2025-03-10T07:01", null, {}, 1324.5]]],
    [march, [["2025-03-01T00:00", "2025-04-01T00:00", null, {}, 1324.5]]],
    [{ ...march, windowSize: "MINUTE", subject: ["js-api"] }, [
      ["2025-03-10T06:59", "2025-03-10T07:00", "js-api", {}, 300],
      ["2025-03-10T07:00", "2025-03-10T07:01", "js-api", {}, 4],
    ]],
    [{ windowSize: "HOUR", subject: ["js-web"], from: new Date("2025-03-07T00:00:00Z") }, [
      ["2025-03-07T07:00", "2025-03-07T08:00", "js-web", {}, 0.5],
      ["2025-03-09T08:00", "2025-03-09T09:00", "js-web", {}, 20],
    ]],
    // The ninth of March has 23 hours in Los Angeles.
    [{ windowSize: "DAY", windowTimeZone: la }, [
      ["2025-03-06T08:00", "2025-03-07T08:00", null, {}, 1000.5],
      ["2025-03-09T08:00", "2025-03-10T07:00", null, {}, 320],
      ["2025-03-10T07:00", "2025-03-11T07:00", null, {}, 4],
    ]],
    [{ windowSize: "MONTH", windowTimeZone: la }, [["2025-03-01T08:00", "2025-04-01T07:00", null, {}, 1324.5]]],
    [{ ...march, groupBy: ["subject"] }, [
      ["2025-03-01T00:00", "2025-04-01T00:00", "js-api", {}, 304],
      ["2025-03-01T00:00", "2025-04-01T00:00", "js-web", {}, 1020.5],
    ]],
    [{ ...march, groupBy: ["region"] }, [
      ["2025-03-01T00:00", "2025-04-01T00:00", null, { region: null }, 20],
      ["2025-03-01T00:00", "2025-04-01T00:00", null, { region: "eu" }, 1304],
      ["2025-03-01T00:00", "2025-04-01T00:00", null, { region: "us" }, 0.5],
    ]],
    [{ ...march, filterGroupBy: { model: "large", region: "eu" } }, [["2025-03-01T00:00", "2025-04-01T00:00", null, {}, 1300]]],
    [{ ...march, filterCustomerId: [acme.id] }, [["2025-03-01T00:00", "2025-04-01T00:00", null, {}, 304]]],
    [{ ...march, groupBy: ["color"], expect: 400 }],
  ]) {
    if (!rows) {
      const { expect, ...bad } = query;
      await fails(openmeter.meters.query("js_queries", bad), expect, /color/);
      continue;
    }
    const minute = (date) => date.toISOString().slice(0, 16);
    // The client turns the dates of what it is given into texts.
    const answer = await openmeter.meters.query("js_queries", structuredClone(query));
    const shown = answer.data.map((row) => [minute(row.windowStart), minute(row.windowEnd), row.subject, row.groupBy, row.value]);
    assert.deepEqual(shown, rows, JSON.stringify(query));
    assert.deepEqual([answer.from, answer.to, answer.windowSize], [query.from, query.to, query.windowSize]);

    const { filterGroupBy, ...rest } = query;
    const filters = filterGroupBy && Object.fromEntries(Object.entries(filterGroupBy).map(([name, value]) => [name, [value]]));
    assert.deepEqual(await openmeter.meters.queryPost("js_queries", structuredClone({ ...rest, filterGroupBy: filters })), answer);

    const dimensions = Object.fromEntries(Object.entries(filters ?? {}).map(([name, values]) => [name, { in: values }]));
    if (query.subject) dimensions.subject = { in: query.subject };
    if (query.filterCustomerId) dimensions.customer_id = { in: query.filterCustomerId };
    const third = await v3(id, {
      from: query.from, to: query.to, time_zone: query.windowTimeZone, group_by_dimensions: query.groupBy,
      granularity: { MINUTE: "PT1M", HOUR: "PT1H", DAY: "P1D", MONTH: "P1M" }[query.windowSize],
      filters: { dimensions },
    });
    const same = third.data.map((row) => {
      const { subject = null, ...groups } = row.dimensions;
      return [row.from.slice(0, 16), row.to.slice(0, 16), subject, groups, Number(row.value)];
    });
    assert.deepEqual(same, rows, JSON.stringify(query));
  }
  const csv = await fetch(`${baseUrl}/api/v1/meters/js_queries/query?groupBy=subject&from=2025-03-10T00:00:00Z`, { headers: { accept: "text/csv" } });
  assert.equal(csv.headers.get("content-type"), "text/csv");
  assert.equal(await csv.text(), "window_start,window_end,subject,value\n2025-03-10T00:00:00Z,2025-03-10T07:01:00Z,js-api,304.000000\n");
  assert.deepEqual(await openmeter.meters.listGroupByValues("js_queries", "region"), ["eu", "us"]);
});

test("meters are made, shown, changed and ended", async () => {
  const made = await meter("js_meters", { name: "Meter", description: "One.", groupBy: { model: "$.model" } });
  const { send, ...whole } = made;
  assert.ok(made.createdAt instanceof Date && made.id.length === 26);
  assert.deepEqual(await openmeter.meters.get("js_meters"), whole);
  assert.deepEqual(await openmeter.meters.get(made.id), whole);
  assert.deepEqual((await openmeter.meters.list()).filter((each) => each.slug === "js_meters"), [whole]);
  const changed = await openmeter.meters.update("js_meters", { name: "Other", groupBy: { region: "$.region" } });
  assert.deepEqual([changed.name, changed.groupBy, changed.aggregation], ["Other", { region: "$.region" }, "SUM"]);
  await fails(meter("js_meters"), 409, /js_meters/);
  await fails(meter("Not A Slug"), 400, /slug/);
  await fails(meter("js_median", { aggregation: "MEDIAN" }), 400, /aggregation/);
  assert.equal(await openmeter.meters.delete("js_meters"), undefined);
  await fails(openmeter.meters.get("js_meters"), 404, /meter/);
  await fails(openmeter.meters.query("js_meters"), 404, /meter/);
});

test("customers and subjects are kept as they are sent", async () => {
  const input = {
    name: "Node Ltd", key: "node-ltd", usageAttribution: { subjectKeys: ["node-a", "node-b"] }, currency: "EUR",
    timezone: "Europe/Berlin", primaryEmail: "pay@node.example", billingAddress: { city: "Berlin", country: "DE" },
    metadata: { crm: "7" },
  };
  const made = await openmeter.customers.create(input);
  const { id, number, createdAt, updatedAt, ...rest } = made;
  assert.deepEqual(rest, input);
  assert.ok(id.length === 26 && createdAt instanceof Date && updatedAt instanceof Date);
  for (const name of ["node-ltd", id, String(number)]) assert.deepEqual(await openmeter.customers.get(name), made);
  const changed = await openmeter.customers.update(id, { ...input, name: "Node AG" });
  assert.equal(changed.name, "Node AG");
  const page = await openmeter.customers.list({ page: 1, pageSize: 1000 });
  assert.deepEqual([page.page, page.pageSize, page.totalCount], [1, 1000, page.items.length]);
  assert.ok(page.items.some((each) => each.id === id));
  await fails(openmeter.customers.create({ name: "Second", key: "node-ltd" }), 409, /node-ltd/);
  await openmeter.customers.delete(id);
  await fails(openmeter.customers.get(id), 404, /customer/);

  const [subject] = await openmeter.subjects.upsert({ key: "node-a", displayName: "A", metadata: { tier: "gold" } });
  assert.deepEqual([subject.key, subject.displayName, subject.metadata], ["node-a", "A", { tier: "gold" }]);
  const both = await openmeter.subjects.upsert([{ key: "node-a", displayName: "B" }, { key: "node-b" }]);
  assert.deepEqual(both.map((each) => [each.key, each.displayName]), [["node-a", "B"], ["node-b", undefined]]);
  assert.deepEqual(await openmeter.subjects.get(subject.id), both[0]);
  assert.deepEqual((await openmeter.subjects.list()).filter((each) => each.key.startsWith("node-")), both);
  await openmeter.subjects.delete("node-a");
  await fails(openmeter.subjects.get("node-a"), 404, /subject/);
});
