//! Reading what was written.

use crate::{inputs, plans};
use proptest::prelude::*;
use usage_api::bill::BillInputs;
use usage_api::price::PriceSpec;
use usage_api::stored;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_plan_is_read_back_as_it_was_written(plan in plans::plan()) {
        let text = stored::plan_text(&plan);
        prop_assert_eq!(stored::plan(&text), Ok(plan), "{}", text);
    }

    #[test]
    fn a_subscription_is_read_back_as_it_was_written(subscription in plans::subscription()) {
        let text = stored::subscription_text(&subscription);
        prop_assert_eq!(stored::subscription(&text), Ok(subscription), "{}", text);
    }

    #[test]
    fn taxes_coupons_accounts_and_grants_are_read_back_as_they_were_written(
        tax in plans::tax(),
        coupon in plans::coupon(),
        account in plans::account(),
        grant in plans::grant(),
    ) {
        prop_assert_eq!(stored::tax(&stored::tax_text(&tax)), Ok(tax));
        prop_assert_eq!(stored::coupon(&stored::coupon_text(&coupon)), Ok(coupon));
        prop_assert_eq!(stored::account(&stored::account_text(&account)), Ok(account));
        prop_assert_eq!(stored::grant(&stored::grant_text(&grant)), Ok(grant));
    }

    #[test]
    fn the_inputs_of_a_bill_are_read_back_exactly(inputs in inputs::inputs()) {
        let text = inputs.text();
        prop_assert_eq!(BillInputs::read(&text), Ok(inputs), "{}", text);
    }

    #[test]
    fn a_price_is_read_back_by_the_preview_that_writes_it(price in plans::price()) {
        let item = serde_json::json!({"price": PriceSpec::from(&price), "input": {}});
        // The preview refuses the usage, never the price.
        let refused = usage_api::price::read_preview(&item.to_string()).err();
        prop_assert!(refused.as_ref().is_none_or(|error| error.field.starts_with("input")), "{:?}", refused);
    }
}
