//! The right month in every zone, to the nanosecond.

use crate::support::Service;
use serde_json::json;
use usage_domain::time::Timestamp;

/// Zone, month, its first moment, the first moment after it.
const MONTHS: [(&str, &str, &str, &str); 12] = [
    ("UTC", "2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
    ("UTC", "2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ("UTC", "2026-04", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"),
    ("UTC", "2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ("America/New_York", "2026-11", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
    ("America/New_York", "2026-12", "2026-12-01T05:00:00Z", "2027-01-01T05:00:00Z"),
    ("America/St_Johns", "2026-06", "2026-06-01T02:30:00Z", "2026-07-01T02:30:00Z"),
    ("Europe/Berlin", "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
    ("Asia/Kathmandu", "2026-01", "2025-12-31T18:15:00Z", "2026-01-31T18:15:00Z"),
    ("Asia/Tokyo", "2027-02", "2027-01-31T15:00:00Z", "2027-02-28T15:00:00Z"),
    ("Pacific/Kiritimati", "2026-12", "2026-11-30T10:00:00Z", "2026-12-31T10:00:00Z"),
    ("Pacific/Pago_Pago", "2026-02", "2026-02-01T11:00:00Z", "2026-03-01T11:00:00Z"),
];

fn just_before(time: &str) -> String {
    let nanos = time.parse::<Timestamp>().unwrap().nanos();
    Timestamp::from_nanos(nanos - 1).unwrap().to_string()
}

#[test]
fn a_month_has_exactly_the_events_from_its_first_to_its_last_nanosecond() {
    for (zone, month, first, next) in MONTHS {
        let app = Service::start();
        app.customer(json!({"number": 1, "name": "N", "key": "n", "timezone": zone}));
        let (before, last) = (just_before(first), just_before(next));
        for (time, amount) in [(&*before, 1), (first, 10), (&*last, 100), (next, 1000)] {
            app.charge("n", time, json!({"amount": amount}));
        }
        for now in [first, &*last] {
            let bill = app.at(now).get("/api/v1/customers/n/bill").ok();
            assert_eq!(bill["month"], month, "{zone} {now}");
            assert_eq!(bill["total"], "110.00", "{zone} {now}");
            assert_eq!((&bill["from"], &bill["to"]), (&json!(first), &json!(next)), "{zone} {now}");
            assert_eq!(bill["time_zone"], zone);
        }
        let posting = app.post("/api/v1/usage/create/", r#"{"customer":1}"#).json();
        let posted = format!("{}-{:02}", posting["year"], posting["month"].as_u64().unwrap());
        assert_eq!((posted.as_str(), &posting["accumulated_price"]), (month, &json!("110.00")), "{zone}");
        for (now, total) in [(&*before, "1.00"), (next, "1000.00")] {
            app.at(now);
            assert_eq!(app.get("/api/v1/customers/n/bill").ok()["total"], total, "{zone} {now}");
            let posting = app.post("/api/v1/usage/create/", r#"{"customer":1}"#).json();
            assert_eq!(posting["accumulated_price"], total, "{zone} {now}");
        }
        let asked = app.get(&format!("/api/v1/customers/n/bill?month={month}")).ok();
        assert_eq!(asked["total"], "110.00", "{zone}");
    }
}
