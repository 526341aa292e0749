//! The commands about bills, on the folder and through the service that runs on it.

mod program;

use program::{Service, printed, refused};
use std::path::Path;
use tempfile::TempDir;

fn file(name: &str) -> String {
    format!("{}/tests/cmd/billing.in/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Everything that is said from a plan to the second bill. Ids are drawn, so that what shows them is not asked for.
fn story(folder: &Path) -> Vec<String> {
    let csv = ["--type", "prompt", "--time", "time", "--subject", "customer", "--id", "id"];
    let (catalog, flat) = (file("billing.yaml"), file("flat.yaml"));
    let (september, late) = (file("september.csv"), file("late.csv"));
    let import = |path: &str| printed(folder, &[&["import", "csv", path], &csv[..]].concat());
    let mut said = vec![printed(folder, &["apply", &catalog]), import(&september)];
    let month = ["--month", "2023-09"];
    let with_month = |command: &[&str]| printed(folder, &[command, &month[..]].concat());
    said.push(with_month(&["explain", "acme", "Tokens"]));
    said.push(with_month(&["simulate", "--plan", &flat, "--instead-of", "pro"]));
    said.push(with_month(&["simulate", "--plan", "pro", "--customer", "initech"]));
    said.push(with_month(&["finalize", "key:acme"]));
    said.push(import(&late));
    said.push(with_month(&["bill-run", "--json"]));
    said.push(with_month(&["explain", "number:1", "Tokens"]));
    said.push(printed(folder, &["bill", "acme", "--month", "2023-10"]));
    said.push(printed(folder, &["verify-bill", "INV-000001", "--json"]));
    said.push(printed(folder, &["finalize", "acme", "--month", "2023-10"]));
    said.push(printed(folder, &["void", "INV-000003"]));
    said.push(printed(folder, &["pay", "INV-000001"]));
    said.push(printed(folder, &["credits", "acme", "--json"]));
    said.push(printed(folder, &["subscriptions", "initech", "--json"]));
    for command in [
        &["finalize", "acme", "--month", "2023-09"][..],
        &["finalize", "nobody", "--month", "2023-09"],
        &["finalize", "acme", "--month", "2261-01"],
        &["explain", "acme", "Storage", "--month", "2023-09"],
        &["simulate", "--plan", "none", "--month", "2023-09"],
        &["void", "INV-000001"],
        &["verify-bill", "INV-000009"],
        &["credits", "nobody"],
        &["subscriptions", "nobody"],
    ] {
        let (code, why) = refused(folder, command);
        // Beside a service the reason has its status before it, and no advice behind it.
        let why = why
            .lines()
            .next()
            .unwrap_or_default()
            .replace("400: ", "")
            .replace("404: ", "")
            .replace("409: ", "");
        said.push(format!("{code} {why}"));
    }
    said
}

#[test]
fn bills_are_the_same_on_the_folder_and_through_its_service() {
    let folder = TempDir::new().unwrap();
    let (alone, beside) = (folder.path().join("alone"), folder.path().join("beside"));
    let by_itself = story(&alone);
    let service = Service::start(&beside);
    assert_eq!(story(&beside), by_itself);
    service.stop();
    // What the service finalized is there for good.
    let proof = printed(&beside, &["verify-bill", "INV-000002"]);
    assert!(proof.starts_with("Bill INV-000002 is proven"), "{proof}");
}
