use super::*;
use crate::bill::fixtures::{item, version};
use crate::time::Month;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn plan(versions: Vec<PlanVersion>) -> Plan {
    Plan { key: "pro".into(), name: "Pro".into(), description: None, versions }
}

fn subscription(start: &str, end: &str, trial_end: &str) -> Subscription {
    let some = |text: &str| (!text.is_empty()).then(|| at(text));
    Subscription {
        id: SubscriptionId(Ulid(1)),
        customer: CustomerId(Ulid(1)),
        plan: "pro".into(),
        version: None,
        start: at(start),
        end: some(end),
        trial_end: some(trial_end),
        overrides: [].into(),
        created_at: Timestamp::MIN,
    }
}

/// The stretch in a month, as `version from to`, with a `!` where it is the first.
fn stretch(of: &Subscription, plan: &Plan, month: &str, zone: &str) -> String {
    let zone = zone.parse().unwrap();
    let period = month.parse::<Month>().unwrap().period(&zone);
    of.segment(plan, &period, &zone).map_or_else(String::new, |segment| {
        let Period { start, end } = segment.period;
        format!("{} {start} {end}{}", segment.version.number, if segment.is_first { "!" } else { "" })
    })
}

#[test]
fn a_month_has_the_stretch_that_it_has_in_common_with_a_subscription() {
    let plan = plan(vec![version(1, "2026-01-01T00:00:00Z", 0, None, &[])]);
    for (start, end, zone, stretches) in [
        (
            "2026-02-01T00:00:00Z",
            "",
            "UTC",
            [
                "",
                "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z!",
                "1 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z",
            ],
        ),
        (
            "2026-01-31T23:59:59.999999999Z",
            "2026-02-01T00:00:00Z",
            "UTC",
            ["1 2026-01-31T23:59:59.999999999Z 2026-02-01T00:00:00Z!", "", ""],
        ),
        (
            "2026-02-10T12:00:00Z",
            "2026-02-20T00:00:00Z",
            "UTC",
            ["", "1 2026-02-10T12:00:00Z 2026-02-20T00:00:00Z!", ""],
        ),
        (
            "2026-01-10T00:00:00Z",
            "2026-03-01T00:00:00Z",
            "UTC",
            [
                "1 2026-01-10T00:00:00Z 2026-02-01T00:00:00Z!",
                "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z",
                "",
            ],
        ),
        // February begins in Berlin while it is still January in UTC.
        (
            "2026-01-31T23:00:00Z",
            "",
            "Europe/Berlin",
            [
                "",
                "1 2026-01-31T23:00:00Z 2026-02-28T23:00:00Z!",
                "1 2026-02-28T23:00:00Z 2026-03-31T22:00:00Z",
            ],
        ),
    ] {
        let of = subscription(start, end, "");
        let months = ["2026-01", "2026-02", "2026-03"].map(|month| stretch(&of, &plan, month, zone));
        assert_eq!(months, stretches, "{start} to {end} in {zone}");
    }
}

#[test]
fn a_trial_is_not_billed_and_what_is_due_once_comes_with_the_first_bill() {
    let plan = plan(vec![version(1, "2026-01-01T00:00:00Z", 14, None, &[])]);
    for (start, end, trial_end, zone, stretches) in [
        (
            "2026-01-10T06:00:00Z",
            "",
            "",
            "UTC",
            ["1 2026-01-24T06:00:00Z 2026-02-01T00:00:00Z!", "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"],
        ),
        // It ends with the month: the first bill is the next one.
        ("2026-01-18T00:00:00Z", "", "", "UTC", ["", "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z!"]),
        ("2026-01-20T00:00:00Z", "", "", "UTC", ["", "1 2026-02-03T00:00:00Z 2026-03-01T00:00:00Z!"]),
        ("2026-01-20T00:00:00Z", "2026-02-03T00:00:00Z", "", "UTC", ["", ""]),
        ("2026-01-20T00:00:00Z", "2026-02-02T00:00:00Z", "", "UTC", ["", ""]),
        // By agreement instead of by the plan.
        (
            "2026-01-20T00:00:00Z",
            "",
            "2026-01-20T00:00:00Z",
            "UTC",
            ["1 2026-01-20T00:00:00Z 2026-02-01T00:00:00Z!", "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"],
        ),
        (
            "2026-01-20T00:00:00Z",
            "",
            "2026-01-01T00:00:00Z",
            "UTC",
            ["1 2026-01-20T00:00:00Z 2026-02-01T00:00:00Z!", "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"],
        ),
        ("2026-01-20T00:00:00Z", "", "2026-03-01T00:00:00Z", "UTC", ["", ""]),
    ] {
        let of = subscription(start, end, trial_end);
        let months = ["2026-01", "2026-02"].map(|month| stretch(&of, &plan, month, zone));
        assert_eq!(months, stretches, "{start} to {end}, trial to {trial_end}");
    }
    // Fourteen days later it is 6 o'clock again, though summer time has begun.
    let of = subscription("2026-03-20T05:00:00Z", "", "");
    let april = stretch(&of, &plan, "2026-04", "Europe/Berlin");
    assert_eq!(april, "1 2026-04-03T04:00:00Z 2026-04-30T22:00:00Z!");
}

#[test]
fn a_stretch_is_by_the_version_in_force_where_it_begins() {
    let versions = |trial| {
        vec![
            version(1, "2026-01-01T00:00:00Z", trial, None, &[]),
            version(2, "2026-02-01T00:00:00Z", 28, None, &[]),
            version(3, "2026-02-15T00:00:00Z", 0, None, &[]),
        ]
    };
    let (none, trial) = (plan(versions(0)), plan(versions(35)));
    for (plan, pinned, start, stretches) in [
        // The trial of a later version is not that of whoever was there before.
        (
            &none,
            None,
            "2026-01-10T00:00:00Z",
            [
                "1 2026-01-10T00:00:00Z 2026-02-01T00:00:00Z!",
                "2 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z",
                "3 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z",
            ],
        ),
        (
            &none,
            Some(1),
            "2026-01-10T00:00:00Z",
            [
                "1 2026-01-10T00:00:00Z 2026-02-01T00:00:00Z!",
                "1 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z",
                "1 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z",
            ],
        ),
        (
            &none,
            Some(3),
            "2026-01-10T00:00:00Z",
            [
                "3 2026-01-10T00:00:00Z 2026-02-01T00:00:00Z!",
                "3 2026-02-01T00:00:00Z 2026-03-01T00:00:00Z",
                "3 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z",
            ],
        ),
        // Nor does a version without one end it: it is until 24 February, when the third is in force.
        (
            &trial,
            None,
            "2026-01-20T00:00:00Z",
            [
                "",
                "3 2026-02-24T00:00:00Z 2026-03-01T00:00:00Z!",
                "3 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z",
            ],
        ),
        (&trial, None, "2026-02-01T00:00:00Z", ["", "", "3 2026-03-01T00:00:00Z 2026-04-01T00:00:00Z!"]),
    ] {
        let of = Subscription { version: pinned, ..subscription(start, "", "") };
        let months = ["2026-01", "2026-02", "2026-03"].map(|month| stretch(&of, plan, month, "UTC"));
        assert_eq!(months, stretches, "{pinned:?} from {start}");
    }
}

#[test]
fn a_subscription_that_its_plan_cannot_bill_is_refused() {
    let later = [item("base fee 5"), item("seats units 2"), item("disk units 1")];
    let plan = plan(vec![
        version(1, "2026-01-01T00:00:00Z", 0, None, &[item("base fee 5"), item("calls units 1")]),
        version(2, "2026-02-01T00:00:00Z", 0, None, &later),
    ]);
    let price = |row| item(row).price().clone();
    let usual = || subscription("2026-01-10T00:00:00Z", "", "");
    let with = |key: &str, row| Subscription { overrides: [(key.into(), price(row))].into(), ..usual() };
    let pinned = |of: Subscription| Subscription { version: Some(1), ..of };
    for (of, refused) in [
        (usual(), ""),
        (with("base", "x fee 3"), ""),
        (with("disk", "x units 3"), ""),
        (
            subscription("2026-01-10T00:00:00Z", "2026-01-10T00:00:00Z", ""),
            "end: must be after the start, 2026-01-10T00:00:00Z, not 2026-01-10T00:00:00Z",
        ),
        (
            subscription("2025-12-31T00:00:00Z", "", ""),
            "start: must be at or after 2026-01-01T00:00:00Z, when the plan \"pro\" begins, not 2025-12-31T00:00:00Z",
        ),
        (
            Subscription { version: Some(3), ..usual() },
            "version: must be a version of the plan \"pro\" (1, 2), not 3",
        ),
        (
            with("cpu", "x units 3"),
            "overrides.cpu: the plan has no such item; it has base, calls, disk, seats",
        ),
        (pinned(with("disk", "x units 3")), "overrides.disk: the plan has no such item; it has base, calls"),
        (with("base", "x units 3"), "overrides.base: must be flat: an item without a meter has no quantity"),
        // It is over before the plan has seats.
        (
            Subscription { end: Some(at("2026-02-01T00:00:00Z")), ..with("seats", "x units 3") },
            "overrides.seats: the plan has no such item; it has base, calls",
        ),
        (
            with("seats", "x fee 3"),
            "overrides.seats: must not be flat: an item with a meter is priced by its quantity",
        ),
    ] {
        let shown = of.check(&plan).map_or_else(|invalid| invalid.to_string(), |()| String::new());
        assert_eq!(shown, refused);
    }
}

#[test]
fn a_customers_own_prices_replace_those_of_the_plan() {
    let items = [item("base fee 5"), item("calls units 1")];
    let plan = plan(vec![version(1, "2026-01-01T00:00:00Z", 0, None, &items)]);
    let price = item("x units 0.5").price().clone();
    let of = Subscription {
        overrides: [("calls".to_string(), price.clone())].into(),
        ..subscription("2026-01-01T00:00:00Z", "", "")
    };
    let january = "2026-01".parse::<Month>().unwrap().period(&Zone::utc());
    let segment = of.segment(&plan, &january, &Zone::utc()).unwrap();
    assert_eq!(segment.items, [items[0].clone(), items[1].clone().with_price(price)]);
    assert_eq!(segment.version.items, items);
}
