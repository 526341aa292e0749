//! Catalogs: on a folder, and through the service that runs on it, with the same answers.

mod program;

use program::{Service, printed, refused};
use std::path::Path;

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/catalog.in/catalog.yaml");
const WRONG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/catalog.in/refused.yaml");

/// What a catalog comes to: applied, applied again, refused, exported.
fn outcome(folder: &Path) -> Vec<String> {
    vec![
        printed(folder, &["apply", CATALOG, "--dry-run"]),
        printed(folder, &["apply", CATALOG]),
        printed(folder, &["apply", CATALOG]),
        refused(folder, &["apply", WRONG]).1,
        printed(folder, &["export", "catalog"]),
        printed(folder, &["--json", "export", "catalog"]),
    ]
}

#[test]
fn a_catalog_comes_to_the_same_on_a_folder_and_through_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let (own, served) = (folder.path().join("own"), folder.path().join("served"));
    printed(&own, &["migrate"]);
    let alone = outcome(&own);
    let service = Service::start(&served);
    let through = outcome(&served);
    service.stop();
    assert_eq!(alone, through);
    assert!(alone[2].starts_with("0 new, 0 changed, 6 as they are"), "{}", alone[2]);
    assert!(alone[3].contains("line 15: plans[0]"), "{}", alone[3]);
}

#[test]
fn the_schema_is_printed_without_any_data() {
    let folder = tempfile::tempdir().unwrap();
    let schema = printed(&folder.path().join("none"), &["export", "catalog", "--schema"]);
    assert_eq!(schema, include_str!("../../../docs/catalog.schema.json"));
}
