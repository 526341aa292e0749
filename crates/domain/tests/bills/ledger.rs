//! Credits over any sequence of what can happen to them.

use crate::build::{charges, inputs};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::Index;
use ulid::Ulid;
use usage_domain::bill::{Bill, Credit, Drawn, Inputs};
use usage_domain::credit::{Entry, EntryKind, Grant, GrantId, in_order};
use usage_domain::currency::Currency;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::time::{Month, Timestamp};

#[derive(Debug, Clone)]
enum Step {
    /// So much, of a priority, that expires after so many months.
    Grant(i64, u32, Option<u8>),
    /// A month of so much.
    Bill(i64),
    /// A bill is voided, what it drew comes back.
    Return(Index),
    /// What is left of a grant is taken back.
    Void(Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..10_000i64, 0..3u32, of(1..4u8)).prop_map(|(amount, priority, months)| Step::Grant(amount, priority, months)),
        4 => (-2_000..8_000i64).prop_map(Step::Bill),
        1 => any::<Index>().prop_map(Step::Return),
        1 => any::<Index>().prop_map(Step::Void),
    ]
}

/// Everything that is known, and what a second opinion thinks of it in cents.
struct Ledger {
    month: Month,
    grants: Vec<Grant>,
    /// Which bills there are, what they drew, and whether they were voided.
    bills: Vec<(String, Vec<Drawn>, bool)>,
    granted: i64,
    voided: i64,
}

fn cents(amount: Decimal) -> i64 {
    (amount.mul(Decimal::new(100, 0)).unwrap()).to_string().parse().unwrap()
}

fn money(cents: i64) -> Money {
    Money { amount: Decimal::new(cents, 2), currency: Currency::USD }
}

impl Ledger {
    fn new() -> Ledger {
        let month = "2026-01".parse().unwrap();
        Ledger { month, grants: vec![], bills: vec![], granted: 0, voided: 0 }
    }

    fn entry(&mut self, grant: GrantId, kind: EntryKind, amount: Decimal) {
        let grant = self.grants.iter_mut().find(|known| known.id == grant).unwrap();
        grant.add(Entry { at: Timestamp::MIN, kind, amount }).unwrap_or_else(|error| panic!("{error}"));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Grant(amount, priority, months) => self.grant(amount, priority, months),
            Step::Bill(amount) => self.bill(amount),
            Step::Return(index) if !self.bills.is_empty() => {
                let (bill, drawn, voided) = index.get_mut(&mut self.bills);
                if !std::mem::replace(voided, true) {
                    let (bill, drawn) = (bill.clone(), drawn.clone());
                    for by in drawn {
                        self.entry(by.grant, EntryKind::Returned(bill.clone()), by.amount);
                    }
                }
            }
            Step::Void(index) if !self.grants.is_empty() => {
                let grant = index.get(&self.grants);
                let (id, left) = (grant.id, grant.balance().unwrap());
                self.entry(id, EntryKind::Voided, left.negate());
                self.voided += cents(left);
            }
            Step::Return(_) | Step::Void(_) => {}
        }
    }

    fn grant(&mut self, amount: i64, priority: u32, months: Option<u8>) {
        let start = |month: Month| inputs(Currency::USD, &month.to_string()).period.start;
        let mut end = self.month;
        for _ in 0..months.unwrap_or_default() {
            end = end.next().unwrap();
        }
        let id = GrantId(Ulid(self.grants.len() as u128));
        self.grants.push(Grant {
            id,
            customer: CustomerId(Ulid(1)),
            name: "paid".into(),
            amount: money(amount),
            priority,
            effective_at: start(self.month),
            expires_at: months.map(|_| start(end)),
            after_taxes: false,
            created_at: Timestamp::MIN,
            entries: vec![],
        });
        self.entry(id, EntryKind::Granted, money(amount).amount);
        self.granted += amount;
    }

    fn bill(&mut self, amount: i64) {
        let plain = inputs(Currency::USD, &self.month.to_string());
        let mut paying: Vec<Grant> = self.grants.clone();
        paying.retain(|grant| grant.pays(&plain.period));
        in_order(&mut paying);
        let credit = |grant: &Grant| Credit {
            grant: grant.id,
            name: grant.name.clone(),
            left: grant.balance().unwrap(),
            after_taxes: grant.after_taxes,
        };
        let inputs = Inputs { credits: paying.iter().map(credit).collect(), ..plain };
        let bill = Bill::rate(&inputs, charges([(0, money(amount).amount)])).unwrap();
        let number = self.bills.len().to_string();
        for by in &bill.credits {
            assert!(paying.iter().any(|grant| grant.id == by.grant), "what expired pays nothing");
            self.entry(by.grant, EntryKind::Drawn(number.clone()), by.amount.negate());
        }
        let drawn: i64 = bill.credits.iter().map(|by| cents(by.amount)).sum();
        let available: i64 = inputs.credits.iter().map(|credit| cents(credit.left)).sum();
        assert_eq!(drawn, available.min(amount.max(0)), "credits pay all that they can");
        assert_eq!(cents(bill.total.amount), amount - drawn);
        self.bills.push((number, bill.credits, false));
        self.month = self.month.next().unwrap();
    }

    fn check(&mut self) {
        let left: i64 = self.grants.iter().map(|grant| cents(grant.balance().unwrap())).sum();
        let live = self.bills.iter().filter(|(_, _, voided)| !voided);
        let drawn: i64 = live.flat_map(|(_, drawn, _)| drawn).map(|by| cents(by.amount)).sum();
        assert_eq!(left + drawn + self.voided, self.granted, "nothing is lost and nothing is made");
        for grant in &mut self.grants {
            let left = grant.balance().unwrap();
            assert!(!left.is_negative() && left <= grant.amount.amount, "{left} of {:?}", grant.amount);
            let before = grant.clone();
            let more = left.add(Decimal::new(1, 2)).unwrap().negate();
            let refused = Entry { at: Timestamp::MIN, kind: EntryKind::Drawn("x".into()), amount: more };
            assert!(grant.add(refused).is_err());
            assert_eq!(*grant, before, "what is refused leaves nothing");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn credits_are_never_below_zero_and_none_is_lost(steps in vec(step(), 1..25)) {
        let mut ledger = Ledger::new();
        for step in steps {
            ledger.take(step);
            ledger.check();
        }
    }
}
