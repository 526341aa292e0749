//! The running service and the command line beside it, as processes.

mod program;

use program::{Service, printed, refused, run, sample};
use tempfile::TempDir;
use usage_client::{CreateUsage, Event, UsageAPIClient};

#[test]
fn the_first_contract_holds_through_the_client() {
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    sample(folder);
    let service = Service::start(folder);
    let client = UsageAPIClient::new(&service.url).unwrap();
    let posted = match client.create_usage(456).unwrap() {
        CreateUsage::Posted(posting) => posting,
        other => panic!("{other:?}"),
    };
    assert_eq!((posted.id, posted.customer), (1, 456));
    assert_eq!((posted.accumulated_price.as_str(), posted.price_in_dollars.as_str()), ("16.61", "$16.61"));
    for (customer, answer) in [
        (
            456,
            r#"{"message":{"message":"Entry has already been processed for customer Bob.","data":{"total_price":"$16.61"}}}"#,
        ),
        (
            123,
            r#"{"message":{"message":"No accumulated usage record or usage records found for customer Alice."}}"#,
        ),
        (1, r#"{"message":"No accumulated usage record or usage records found for customer."}"#),
    ] {
        assert_eq!(client.create_usage_json(customer).unwrap(), answer);
    }
    let event = Event::new("456").data_json(r#"{"service":"Images","amount":"0.4837"}"#).unwrap();
    assert_eq!(client.ingest([&event, &event]).unwrap().accepted, 1);
    let bill = client.bill(456, None).unwrap();
    assert_eq!((bill.total.as_str(), bill.exact_total.as_str()), ("17.09", "17.0912"));
    assert!(
        matches!(client.create_usage(456).unwrap(), CreateUsage::Posted(p) if p.id == 1 && p.accumulated_price == "17.09")
    );
}

#[test]
fn commands_say_the_same_with_and_without_a_running_service() {
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    sample(folder);
    let units = ["--event-type", "usage.charge", "--value", "$.quantity", "--group-by", "service=$.service"];
    printed(folder, &[&["meters", "create", "units", "--aggregation", "SUM"], &units[..]].concat());
    let questions: [&[&str]; 9] = [
        &["meters"],
        &["meters", "query", "units", "--window", "day", "--customer", "acme", "--group-by", "service"],
        &["meters", "query", "units", "--group-by", "customer_id", "--json"],
        &["bill", "456"],
        &["bill", "acme", "--json"],
        &["customers"],
        &["customers", "--json"],
        &["events", "--limit", "7", "--customer", "acme"],
        &["verify", "--json"],
    ];
    let alone: Vec<String> = questions.iter().map(|question| printed(folder, question)).collect();
    let service = Service::start(folder);
    let beside: Vec<String> = questions.iter().map(|question| printed(folder, question)).collect();
    assert_eq!(beside, alone);
    let again =
        printed(folder, &["loaddata", "customer_data.json", "usage_data.json", "--into-current-month"]);
    assert_eq!(again, "Loaded 8 customers (0 new or changed) and 0 usage rows; 51 were there already.\n");
    assert!(printed(folder, &["rebuild"]).starts_with("Made "));
    let copy = folder.with_file_name("copy");
    printed(folder, &["backup", copy.to_str().unwrap()]);
    service.stop();
    let after: Vec<String> = questions.iter().map(|question| printed(folder, question)).collect();
    assert_eq!(after, alone);
    assert_eq!(printed(&copy, questions[0]), alone[0]);
}

#[test]
fn rows_that_were_processed_count_as_posted() {
    let folder = TempDir::new().unwrap();
    let fixture = folder.path().join("fixture.json");
    let row = |pk: u32, processed: bool| {
        format!(
            r#"{{"model":"u.usage","pk":{pk},"fields":{{"customer":7,"usage_date":"2023-08-0{pk}","units_consumed":1,"price_per_unit":"2.5","processed":{processed}}}}}"#
        )
    };
    let customer = r#"{"model":"u.customer","pk":7,"fields":{"name":"Carol"}}"#;
    std::fs::write(&fixture, format!("[{customer},{},{}]", row(1, true), row(2, true))).unwrap();
    for beside_a_service in [false, true] {
        let folder = &folder.path().join(beside_a_service.to_string());
        printed(folder, &["migrate"]);
        let service = beside_a_service.then(|| Service::start(folder));
        let load = ["loaddata", "--into-current-month", fixture.to_str().unwrap()];
        printed(folder, &load);
        printed(folder, &load);
        let service = service.unwrap_or_else(|| Service::start(folder));
        let client = UsageAPIClient::new(&service.url).unwrap();
        assert!(
            matches!(client.create_usage(7).unwrap(), CreateUsage::AlreadyProcessed(m) if m.data.as_ref().unwrap().total_price == "$5.00")
        );
    }
}

#[test]
fn a_folder_or_a_port_in_use_is_one_clear_line_and_an_exit_code() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let service = Service::start(&first);
    let listen = format!("127.0.0.1:{}", service.port());
    let (code, said) = refused(&second, &["serve", "--listen", &listen]);
    assert_eq!(code, 4);
    assert!(said.contains(&format!("cannot listen on {listen}")), "{said}");
    assert!(!second.exists(), "a service that cannot start leaves no folder behind");
    let (code, said) = refused(&first, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 3);
    assert!(said.contains("is in use by another usage_app") && said.contains(&service.url), "{said}");
}

#[test]
fn a_flipped_byte_is_found_by_verify_and_named() {
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    sample(folder);
    let log = folder.join("log/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let output = run(folder, &["verify"]);
    // With the damage in the last record the folder does not open at all.
    assert!(matches!(output.status.code(), Some(3 | 5)), "{output:?}");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("00000000000000000000.log is damaged at byte"), "{said}");
}
