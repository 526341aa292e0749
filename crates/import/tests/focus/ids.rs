//! What a row is called does not depend on how its file is written.

use crate::common::{COLUMNS, good, gzip};
use proptest::prelude::*;

/// Rows of a file by column; the values of what must be there are fixed.
fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let text = "[a-z,\"\né ]{0,6}|NULL";
    let row = (0u32..4, text, text).prop_map(|(cost, description, tags)| {
        let cost = format!("{cost}.50");
        let fixed = ["AWS", "1", "One", "9", "Queue", &description, &cost, "USD", "2", "GB"];
        fixed.into_iter().chain(["2024-09-18 22:00:00", &tags]).map(String::from).collect()
    });
    proptest::collection::vec(row, 1..12)
}

/// The file with its columns in this order, quoted always or only where it must be.
fn written(rows: &[Vec<String>], order: &[usize], quoted: bool) -> Vec<u8> {
    let style = if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
    writer.write_record(order.iter().map(|i| COLUMNS[*i])).unwrap();
    for row in rows {
        writer.write_record(order.iter().map(|i| &row[*i])).unwrap();
    }
    writer.into_inner().unwrap()
}

fn ids(content: &[u8]) -> Vec<String> {
    good(content).into_iter().map(|row| row.event.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_order_of_columns_quotes_and_compression_do_not_change_an_id(
        rows in rows(),
        order in Just((0..COLUMNS.len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let plain: Vec<usize> = (0..COLUMNS.len()).collect();
        let expected = ids(&written(&rows, &plain, false));
        prop_assert_eq!(&ids(&written(&rows, &order, true)), &expected);
        prop_assert_eq!(&ids(&gzip(&written(&rows, &order, false))), &expected);
    }

    #[test]
    fn two_rows_never_share_an_id_and_their_order_does_not_change_the_set(rows in rows()) {
        let plain: Vec<usize> = (0..COLUMNS.len()).collect();
        let mut forward = ids(&written(&rows, &plain, false));
        let backward: Vec<_> = rows.iter().rev().cloned().collect();
        let mut backward = ids(&written(&backward, &plain, false));
        forward.sort();
        backward.sort();
        prop_assert_eq!(&forward, &backward);
        forward.dedup();
        prop_assert_eq!(forward.len(), rows.len());
    }
}

#[test]
fn an_id_is_the_same_for_ever() {
    // Worked out apart, with Python's hashlib.
    let row = crate::common::csv(&[&crate::common::ROW.join(","), &crate::common::ROW.join(",")]);
    assert_eq!(ids(row.as_bytes()), ["-0", "-1"].map(|n| format!("200ddb53cf012342cfdac3da38940ec2{n}")));
}
