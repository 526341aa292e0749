//! The FOCUS dataset: its rows add up to the bill, and keep the rules of FOCUS 1.2.

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{any_bill, figure, fixtures, rows, sum};
use usage_api::bill::Bill;
use usage_domain::decimal::Decimal;
use usage_faces::{FaceError, Provider, focus};

type Row = BTreeMap<String, String>;

/// The columns that FOCUS 1.2 says are mandatory.
const MANDATORY: [&str; 21] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
];

/// Columns that are never null.
const FILLED: [&str; 17] = [
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceSubcategory",
];

/// Columns that describe a price: null for taxes, there for what is used or bought.
const PRICES: [&str; 8] = [
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
];

fn provider() -> Provider {
    Provider { name: "Cloud".to_string(), publisher: "Maker".to_string(), issuer: "Reseller".to_string() }
}

fn export(bill: &Bill) -> Vec<Row> {
    rows(&focus([bill], &provider()).unwrap())
}

/// What the specification says of a row, column by column.
fn keeps_the_rules(row: &Row) {
    let cell = |name: &str| row[name].as_str();
    let (category, corrects) = (cell("ChargeCategory"), cell("ChargeClass") == "Correction");
    let sold = matches!(category, "Usage" | "Purchase") && !corrects;
    for column in FILLED {
        assert_ne!(cell(column), "", "{column} of {row:?}");
    }
    assert!(matches!(category, "Usage" | "Purchase" | "Tax" | "Credit" | "Adjustment"), "{category}");
    assert!(corrects || cell("ChargeClass").is_empty(), "{}", cell("ChargeClass"));
    assert!(matches!(cell("ChargeFrequency"), "One-Time" | "Recurring" | "Usage-Based"), "{row:?}");
    assert!(category != "Purchase" || cell("ChargeFrequency") != "Usage-Based", "{row:?}");
    for column in PRICES {
        assert_eq!(!cell(column).is_empty(), sold, "{column} of {row:?}");
    }
    assert_eq!(!cell("ConsumedQuantity").is_empty(), category == "Usage" && sold, "{row:?}");
    assert_eq!(cell("ConsumedQuantity").is_empty(), cell("ConsumedUnit").is_empty(), "{row:?}");
    if sold {
        for (cost, price) in [("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")] {
            let product = figure(cell("PricingQuantity")).mul(figure(cell(price))).unwrap();
            assert_eq!(product, figure(cell(cost)), "{cost} of {row:?}");
            assert!(!figure(cell(price)).is_negative(), "{row:?}");
        }
    }
    if category == "Credit" {
        assert!([cell("ListCost"), cell("ContractedCost"), cell("EffectiveCost")] == [cell("BilledCost"); 3]);
    }
    for column in ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"] {
        assert!(cell(column).len() == 20 && cell(column).ends_with('Z'), "{column} of {row:?}");
    }
    assert!(cell("SkuPriceDetails").is_empty() || !cell("SkuPriceId").is_empty());
    if !cell("SkuPriceDetails").is_empty() {
        let details: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(cell("SkuPriceDetails")).unwrap();
        assert!(details.keys().all(|key| key.starts_with("x_")), "{details:?}");
        assert!(details.values().all(|value| value.is_string() || value.is_number()), "{details:?}");
    }
}

#[test]
fn every_kind_of_line_has_its_rows() {
    let dataset = focus(&fixtures(), &provider()).unwrap();
    snapbox::assert_data_eq!(dataset, snapbox::file!["faces/focus.csv"]);
}

#[test]
fn the_mandatory_columns_are_there_and_our_own_come_last() {
    let dataset = focus([], &provider()).unwrap();
    let columns: Vec<&str> = dataset.trim_end().split(',').collect();
    for column in MANDATORY {
        assert!(columns.contains(&column), "{column}");
    }
    let own = columns.iter().position(|column| column.starts_with("x_")).unwrap();
    assert!(columns[own..].iter().all(|column| column.starts_with("x_")));
    assert!(columns[..own].is_sorted() && columns[own..].is_sorted());
    assert!(columns[..own].iter().all(|column| column.bytes().all(|byte| byte.is_ascii_alphanumeric())));
}

#[test]
fn the_rows_of_an_invoice_add_up_to_it() {
    let bills = fixtures();
    let rows = rows(&focus(&bills, &provider()).unwrap());
    rows.iter().for_each(keeps_the_rules);
    for bill in bills.iter().filter(|bill| bill.status != "void") {
        let own = rows.iter().filter(|row| row["x_CustomerNumber"] == bill.customer.number.to_string());
        assert!(own.clone().all(|row| row["InvoiceId"] == bill.number.clone().unwrap_or_default()));
        assert_eq!(sum(own.map(|row| row["BilledCost"].as_str())), figure(&bill.total), "{:?}", bill.number);
    }
}

#[test]
fn rows_of_taxes_add_up_to_the_taxes_and_rows_of_grants_to_the_grants() {
    let bills = fixtures();
    for bill in &bills[..2] {
        let rows = export(bill);
        let of = |category: &str| {
            let of_it = rows.iter().filter(|row| row["ChargeCategory"] == category);
            sum(of_it.map(|row| row["BilledCost"].as_str()))
        };
        assert_eq!(of("Tax"), sum(bill.taxes.iter().map(|tax| tax.amount.as_str())));
        for credit in &bill.credits {
            let named = rows.iter().filter(|row| row["ChargeDescription"].starts_with(&credit.name));
            assert_eq!(sum(named.map(|row| row["BilledCost"].as_str())).negate(), figure(&credit.amount));
        }
        let discounts =
            rows.iter().map(|row| row["x_DiscountAmount"].as_str()).filter(|cell| !cell.is_empty());
        assert_eq!(sum(discounts), sum(bill.discounts.iter().map(|discount| discount.amount.as_str())));
    }
}

#[test]
fn a_void_bill_has_no_rows() {
    let bill = fixtures().into_iter().find(|bill| bill.status == "void").unwrap();
    assert!(!bill.lines.is_empty());
    assert_eq!(export(&bill), Vec::<Row>::new());
}

#[test]
fn a_bill_that_does_not_add_up_is_refused() {
    let mut bill = fixtures().swap_remove(0);
    bill.total = "133.34".to_string();
    let refused = focus([&bill], &provider()).unwrap_err();
    assert!(matches!(refused, FaceError::Sum { .. }), "{refused:?}");
    let said = "bill 2026-000017: its rows add up to 133.33, and its total is 133.34";
    assert_eq!(refused.to_string(), said);

    bill.lines[0].amount = "much".to_string();
    let said = "bill 2026-000017: the amount of a line is \"much\", and that is no figure";
    assert_eq!(focus([&bill], &provider()).unwrap_err().to_string(), said);
}

#[test]
fn a_bill_whose_credits_are_fewer_than_its_lines_say_is_refused() {
    let mut bill = fixtures().swap_remove(0);
    bill.credits.pop();
    assert!(matches!(focus([&bill], &provider()), Err(FaceError::Sum { .. })));
}

#[test]
fn a_correction_is_of_the_service_and_the_month_that_it_corrects() {
    let bills = fixtures();
    let rows = export(&bills[0]);
    let corrections: Vec<&Row> = rows.iter().filter(|row| row["ChargeClass"] == "Correction").collect();
    let shown: Vec<[&str; 4]> = corrections
        .iter()
        .map(|row| {
            ["ServiceName", "ChargeCategory", "x_CorrectedInvoiceId", "ChargePeriodStart"]
                .map(|column| row[column].as_str())
        })
        .collect();
    let of = |service, category| [service, category, "2026-000004", "2026-09-30T22:00:00Z"];
    assert_eq!(
        shown,
        [of("Compute", "Usage"), of("Compute", "Tax"), of("Tokens", "Usage"), of("Tokens", "Tax")]
    );
    assert!(corrections.iter().all(|row| row["BillingPeriodStart"] == "2026-10-31T23:00:00Z"));
}

#[test]
fn a_row_says_who_provides_and_who_bills() {
    let bills = fixtures();
    let row = &export(&bills[0])[0];
    let cells = ["ProviderName", "PublisherName", "InvoiceIssuerName"].map(|column| row[column].as_str());
    assert_eq!(cells, ["Cloud", "Maker", "Reseller"]);
}

#[test]
fn figures_of_many_digits_are_neither_cut_nor_refused() {
    let mut bill = fixtures().swap_remove(2);
    let (quantity, price) = ("98765432109876543210.123456789012345678", "0.000000000000000001");
    let exact: Decimal = figure(quantity).mul(figure(price)).unwrap();
    let line = &mut bill.lines[0];
    (line.quantity, line.unit_price) = (Some(quantity.to_string()), Some(price.to_string()));
    (line.exact_amount, line.amount) = (exact.to_string(), "99".to_string());
    (line.details, line.total, bill.total) = (vec![], "99".to_string(), "99".to_string());
    let row = &export(&bill)[0];
    assert_eq!(row["ListCost"], "98.765432109876543210123456789012345678");
    assert_eq!(row["PricingQuantity"], quantity);
    assert_eq!(row["BilledCost"], "99");
}

proptest! {
    #[test]
    fn the_rows_of_any_bill_add_up_to_its_total_and_keep_the_rules(bill in any_bill()) {
        let rows = export(&bill);
        rows.iter().for_each(keeps_the_rules);
        prop_assert_eq!(sum(rows.iter().map(|row| row["BilledCost"].as_str())), figure(&bill.total));
        let unread = rows.iter().filter(|row| row["BillingAccountName"] != bill.customer.name).count();
        prop_assert_eq!(unread, 0);
    }
}
