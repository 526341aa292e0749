//! What holds for any usage, however it is sent.

use crate::support::{Service, charge};
use proptest::prelude::*;
use serde_json::{Value, json};
use usage_domain::decimal::Decimal;
use usage_domain::rounding::half_away_from_zero;

/// Charges in August 2023 and around it: (service, subject, day, amount in ten-thousandths).
fn charges() -> impl Strategy<Value = Vec<(u8, u8, u8, i64)>> {
    prop::collection::vec((0u8..4, 0u8..3, 0u8..40, -90_000i64..9_000_000), 1..40)
}

fn events(charges: &[(u8, u8, u8, i64)]) -> Vec<Value> {
    let event = |(i, (service, subject, day, amount)): (usize, &(u8, u8, u8, i64))| {
        let day = usage_domain::time::Timestamp::from_nanos(
            1_690_500_000_000_000_000 + i64::from(*day) * 86_400_000_000_000,
        );
        let data = json!({"service": format!("s{service}"), "amount": Decimal::new(*amount, 4).to_string()});
        charge(&i.to_string(), &format!("n{subject}"), &day.unwrap().to_string(), data)
    };
    charges.iter().enumerate().map(event).collect()
}

/// The bill of a service that was sent these batches; its id and position aside.
fn bill(batches: &[Vec<Value>]) -> Value {
    let app = Service::start();
    app.customer(json!({"number": 1, "name": "N", "usageAttribution": {"subjectKeys": ["n0", "n1"]}}));
    for batch in batches {
        app.post("/api/v1/events", json!(batch)).expect(204, "");
    }
    app.get("/api/v1/customers/1/bill").ok()
}

fn figure(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_batches_of_the_same_events_give_the_same_bill(
        sent in charges(),
        order in any::<prop::sample::Index>(),
        size in 1usize..12,
        seed in any::<u64>(),
    ) {
        let events = events(&sent);
        let at_once = bill(std::slice::from_ref(&events));
        let mut shuffled = events;
        let turn = order.index(shuffled.len());
        shuffled.rotate_left(turn);
        shuffled.sort_by_key(|event| seed.wrapping_mul(event["id"].as_str().unwrap().parse::<u64>().unwrap() + 1) >> 32);
        let mut batches: Vec<Vec<Value>> = shuffled.chunks(size).map(<[Value]>::to_vec).collect();
        // What was sent before may be sent again with later events.
        batches.push(batches.concat());
        prop_assert_eq!(bill(&batches), at_once);
    }

    #[test]
    fn the_total_is_the_sum_of_its_rounded_lines_and_each_line_of_its_details(sent in charges()) {
        let bill = bill(&[events(&sent)]);
        let (mut total, mut exact_total) = (Decimal::ZERO, Decimal::ZERO);
        for line in bill["lines"].as_array().unwrap() {
            let (exact, amount) = (figure(&line["exact_amount"]), figure(&line["amount"]));
            prop_assert_eq!(half_away_from_zero(exact, 2).unwrap(), amount);
            let mut details = Decimal::ZERO;
            for detail in line["details"].as_array().unwrap() {
                details = details.add(figure(&detail["exact_amount"])).unwrap();
            }
            prop_assert_eq!(details, exact);
            total = total.add(amount).unwrap();
            exact_total = exact_total.add(exact).unwrap();
        }
        prop_assert_eq!(figure(&bill["total"]), total);
        prop_assert_eq!(figure(&bill["exact_total"]), exact_total);
    }
}
