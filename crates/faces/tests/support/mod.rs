//! Bills to show: the written ones of `fixtures/bills.json`, and any that add up.

#![allow(dead_code, reason = "each test uses a part of it")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use usage_api::bill::{
    Adjusts, Bill, BilledCustomer, BilledTax, Detail, Discount, DrawnCredit, Line, LineTax, PlanLine,
};
use usage_api::price::PreviewLine;
use usage_domain::decimal::Decimal;

/// A bill with every kind of line, discounts, credits and taxes; one with taxes in its amounts; an open one
/// in yen; a void one; an empty one.
pub(crate) fn fixtures() -> Vec<Bill> {
    serde_json::from_str(include_str!("../fixtures/bills.json")).expect("the fixtures are bills")
}

/// Rows by the names of their columns.
pub(crate) fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().expect("rows of one length")
}

pub(crate) fn figure(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

pub(crate) fn sum<'a>(figures: impl IntoIterator<Item = &'a str>) -> Decimal {
    figures.into_iter().fold(Decimal::ZERO, |sum, text| sum.add(figure(text)).unwrap())
}

/// Texts that people and programs send, some of them not in good faith.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "</style><b>",
        "a \"quoted\" & 'single' <tag>",
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "'quoted",
        "two\r\nlines, with commas",
        "{{ bill }} {% raw %}",
        "-->",
        "Ünïcode 火",
    ]);
    prop_oneof![3 => "[a-zA-Z ]{1,12}", 1 => hostile.prop_map(str::to_string), 1 => "[\\PC]{1,10}"]
}

/// Any bill whose total is what its lines, discounts, credits and taxes make of it.
pub(crate) fn any_bill() -> impl Strategy<Value = Bill> {
    let digits = prop::sample::select(vec![0u8, 2, 3]);
    let head = (any_text(), any_text(), prop::sample::select(vec!["open", "finalized", "paid"]), digits);
    let grants = prop::collection::vec(0u32..5_000, 0..4);
    (head, prop::collection::vec(any_line(), 0..6), grants).prop_map(
        |((name, key, status, digits), lines, grants)| {
            let lines: Vec<Line> =
                lines.into_iter().enumerate().map(|(at, made)| made.line(at, digits)).collect();
            bill(name, key, status, digits, lines, &grants)
        },
    )
}

/// What a line is drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    kind: &'static str,
    service: String,
    quantity: Option<i32>,
    price: Option<i32>,
    details: Vec<(Option<String>, Option<i32>, i32)>,
    rated: bool,
    amount: i32,
    discount: u16,
    credit: u16,
    taxes: Vec<(bool, i16)>,
}

fn any_line() -> impl Strategy<Value = Drawn> {
    let kinds = prop::sample::select(vec!["charges", "usage", "fee", "minimum", "adjustment"]);
    let quantity = prop::option::of(-1000..100_000i32);
    let details = prop::collection::vec(
        (prop::option::of(any_text()), prop::option::of(-50..500i32), -500..5_000i32),
        0..4,
    );
    let shape = (quantity, prop::option::of(-10..900i32), details, any::<bool>(), -5_000..50_000i32);
    let paid = (0..900u16, 0..900u16, prop::collection::vec((any::<bool>(), -300..300i16), 0..3));
    (kinds, any_text(), shape, paid).prop_map(
        |(kind, service, (quantity, price, details, rated, amount), (discount, credit, taxes))| Drawn {
            kind,
            service,
            quantity,
            price,
            details,
            rated,
            amount,
            discount,
            credit,
            taxes,
        },
    )
}

impl Drawn {
    fn line(self, at: usize, digits: u8) -> Line {
        let minor = |units: i64| format!("{:.*}", usize::from(digits), Decimal::new(units, digits));
        let unit = Some("Hours".to_string());
        let (rating, details) = self.parts();
        let parts = rating.iter().map(|part| part.total.as_str());
        let exact_amount =
            match details.iter().any(|detail| detail.exact_amount.is_some()) || !rating.is_empty() {
                true => sum(parts.chain(details.iter().filter_map(|detail| detail.exact_amount.as_deref())))
                    .to_string(),
                false => Decimal::new(i64::from(self.amount), digits + 2).to_string(),
            };
        let (discount, credit) = (i64::from(self.discount), i64::from(self.credit));
        let settled = credit % 90;
        let taxes: Vec<LineTax> = self
            .taxes
            .iter()
            .map(|(inclusive, amount)| LineTax {
                tax: "vat".to_string(),
                amount: minor(i64::from(*amount)),
                inclusive: *inclusive,
            })
            .collect();
        let added: i64 =
            self.taxes.iter().filter(|(inclusive, _)| !inclusive).map(|(_, amount)| i64::from(*amount)).sum();
        Line {
            key: format!("line-{at}"),
            kind: self.kind.to_string(),
            service: self.service.clone(),
            from: "2026-11-01T00:00:00Z".to_string(),
            to: "2026-12-01T00:00:00Z".to_string(),
            plan: (self.kind != "charges").then(plan),
            adjusts: (self.kind == "adjustment").then(|| Adjusts {
                month: "2026-10".to_string(),
                bill: at.is_multiple_of(2).then(|| "16".to_string()),
                line: "charges/Compute".to_string(),
            }),
            quantity: self.quantity.map(|quantity| Decimal::new(quantity.into(), 1).to_string()),
            unit,
            unit_price: self.price.map(|price| Decimal::new(price.into(), 3).to_string()),
            events: 3,
            exact_amount,
            amount: minor(self.amount.into()),
            discount_amount: (discount != 0).then(|| minor(discount)),
            credit_amount: (credit != 0).then(|| minor(credit)),
            taxes,
            settled_amount: (settled != 0).then(|| minor(settled)),
            total: minor(i64::from(self.amount) - discount - credit + added - settled),
            rating,
            details,
        }
    }

    /// Tiers of an item, or details of charges; each its quantity times its price, or an amount alone.
    fn parts(&self) -> (Vec<PreviewLine>, Vec<Detail>) {
        if self.kind == "charges" {
            return (
                vec![],
                self.details
                    .iter()
                    .map(|(text, quantity, amount)| detail(text, *quantity, *amount))
                    .collect(),
            );
        }
        if self.kind != "usage" || !self.rated {
            return (vec![], vec![]);
        }
        let tiers = self.details.iter().enumerate();
        (tiers.map(|(at, (_, quantity, amount))| tier(at, *quantity, *amount)).collect(), vec![])
    }
}

fn detail(text: &Option<String>, quantity: Option<i32>, amount: i32) -> Detail {
    let price = Decimal::new(i64::from(amount), 3);
    let quantity = quantity.map(|quantity| Decimal::new(quantity.into(), 1));
    Detail {
        description: text.clone(),
        values: None,
        exact_amount: Some(quantity.map_or(price, |quantity| quantity.mul(price).unwrap()).to_string()),
        quantity: quantity.map(|quantity| quantity.to_string()),
        unit: quantity.map(|_| "Hours".to_string()),
        unit_price: quantity.map(|_| price.to_string()),
        events: 2,
    }
}

fn tier(at: usize, quantity: Option<i32>, amount: i32) -> PreviewLine {
    let one = Decimal::new(1, 0);
    let quantity = quantity.map_or(one, |quantity| Decimal::new(quantity.into(), 1));
    let price = Decimal::new(i64::from(amount), 3);
    let total = quantity.mul(price).unwrap().to_string();
    PreviewLine {
        category: "usage".to_string(),
        tier: Some(at as u64),
        values: None,
        quantity: quantity.to_string(),
        unit_amount: Some(price.to_string()),
        rate: None,
        flat_amount: None,
        usage_amount: None,
        amount: total.clone(),
        discounts: vec![],
        discount_amount: None,
        credits: vec![],
        total,
    }
}

fn plan() -> PlanLine {
    PlanLine {
        subscription: "01M1S2T3D4E5F6G7H8J9K0M1N2".to_string(),
        plan: "pro".to_string(),
        version: 3,
        item: Some("calls".to_string()),
        meter: Some("calls".to_string()),
        share: None,
        minimum_amount: None,
    }
}

fn bill(name: String, key: String, status: &str, digits: u8, lines: Vec<Line>, grants: &[u32]) -> Bill {
    let minor = |amount: Decimal| format!("{amount:.*}", usize::from(digits));
    let of = |part: fn(&Line) -> Option<&str>| sum(lines.iter().filter_map(part));
    let (total, discount) = (of(|line| Some(&line.total)), of(|line| line.discount_amount.as_deref()));
    let number = (status != "open").then(|| "17".to_string());
    let tax = |inclusive: bool| BilledTax {
        tax: "vat".to_string(),
        name: "VAT 19 %".to_string(),
        rate: "0.19".to_string(),
        inclusive,
        base_amount: minor(Decimal::ZERO),
        amount: minor(sum(lines
            .iter()
            .flat_map(|line| &line.taxes)
            .filter(|tax| tax.inclusive == inclusive)
            .map(|tax| tax.amount.as_str()))),
    };
    Bill {
        customer: BilledCustomer { id: "01M1C".to_string(), number: 456, key: Some(key), name },
        month: "2026-11".to_string(),
        from: "2026-11-01T00:00:00Z".to_string(),
        to: "2026-12-01T00:00:00Z".to_string(),
        time_zone: "UTC".to_string(),
        status: status.to_string(),
        id: None,
        number,
        finalized_at: None,
        paid_at: None,
        voided_at: None,
        currency: "EUR".to_string(),
        subtotal: minor(of(|line| Some(&line.amount))),
        discounts: vec![Discount {
            coupon: "launch".to_string(),
            name: "Launch".to_string(),
            amount: minor(discount),
        }],
        credits: [
            drawn(grants, of(|line| line.credit_amount.as_deref()), digits, false),
            drawn(grants, of(|line| line.settled_amount.as_deref()), digits, true),
        ]
        .concat(),
        taxes: vec![tax(false), tax(true)],
        total: minor(total),
        exact_total: of(|line| Some(&line.exact_amount)).to_string(),
        total_formatted: format!("EUR {}", minor(total)),
        lines,
        other_currencies: vec![],
        position: "9".to_string(),
    }
}

/// Grants that together paid what the lines say.
fn drawn(grants: &[u32], paid: Decimal, digits: u8, after_taxes: bool) -> Vec<DrawnCredit> {
    let mut left = paid;
    let mut drawn = Vec::new();
    for amount in grants.iter().map(|amount| Decimal::new(i64::from(*amount), digits)).chain([paid]) {
        let amount = amount.min(left);
        left = left.sub(amount).unwrap();
        let grant = format!("grant-{}", drawn.len());
        let (name, amount) = (format!("Credit {grant}"), amount.to_string());
        drawn.push(DrawnCredit { name, grant, amount, after_taxes });
    }
    drawn
}
