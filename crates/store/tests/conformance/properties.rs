//! What holds for any events.

use crate::support::{NOW, Setup, at, total};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::PaidSubject;
use usage_domain::decimal::Decimal;
use usage_domain::event::UsageEvent;
use usage_domain::time::{Month, Period, Timestamp, Zone};
use usage_store::Handling;

/// A charge of some cents in 2026 or at its edges; few ids, so that many collide.
fn event() -> impl Strategy<Value = (u32, u64, i64, i64)> {
    (0..400u32, 0..4u64, 1_767_139_200i64..1_798_761_600, -500_000..5_000_000i64)
}

fn usage_event(case: usize, (id, subject, second, amount): (u32, u64, i64, i64)) -> UsageEvent {
    UsageEvent {
        id: format!("{case}-{id}"),
        source: "test".into(),
        event_type: CHARGE_TYPE.into(),
        subject: format!("{case}-s{subject}"),
        time: Timestamp::from_nanos(second * 1_000_000_000).unwrap(),
        time_given: true,
        data: Some(format!("{{\"amount\":\"{}\"}}", Decimal::new(amount, 4))),
        extensions: None,
    }
}

pub(crate) async fn any_order_and_any_batching_of_the_same_events_gives_the_same_usage(setup: &impl Setup) {
    let store = setup.open();
    let mut runner = TestRunner::new(Config::default());
    let zones = ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago"];
    for case in 0..24 {
        let mut events = Vec::new();
        let mut known = std::collections::HashSet::new();
        for _ in 0..120 {
            let raw = event().new_tree(&mut runner).unwrap().current();
            if known.insert(raw.0) {
                events.push(usage_event(case, raw));
            }
        }
        // Every event twice, shuffled, in batches of any size.
        let sent: Vec<_> = events.iter().chain(&events).cloned().collect();
        let mut sent = Just(sent).prop_shuffle().new_tree(&mut runner).unwrap().current();
        while !sent.is_empty() {
            let size = (1..=sent.len().min(40)).new_tree(&mut runner).unwrap().current();
            store.append(sent.drain(..size).collect(), at(NOW), Handling::Lenient).await.unwrap();
        }
        for (i, zone) in zones.iter().enumerate() {
            let zone: Zone = zone.parse().unwrap();
            let month = Month::new(2026, i8::try_from((case + i) % 12 + 1).unwrap()).unwrap();
            let (subject, period) = (format!("{case}-s{}", i % 4), month.period(&zone));
            let of_month = events.iter().filter(|e| e.subject == subject && period.contains(e.time));
            let (mut sum, mut count) = (Decimal::ZERO, 0);
            for event in of_month {
                let digits = event.data.as_ref().unwrap().split('"').nth(3).unwrap();
                sum = sum.add(digits.parse().unwrap()).unwrap();
                count += 1;
            }
            let paid = vec![PaidSubject { subject, period: Period::ALWAYS }];
            assert_eq!(total(&*store, paid, period).await, (sum.to_string(), count), "{month} {zone:?}");
        }
    }
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
}
