//! Bodies that are packed with gzip or zstd.

use crate::support::{LENIENT, Service, event};
use flate2::Compression;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::json;
use std::io::Write;

const EVENTS: &str = "/api/v1/events";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zstd(body: &[u8]) -> Vec<u8> {
    compress_to_vec(body, CompressionLevel::Fastest)
}

fn coded(coding: &str) -> [(&str, &str); 2] {
    [("content-type", "application/json"), ("content-encoding", coding)]
}

#[test]
fn a_packed_body_is_read_like_any_other() {
    let many = json!([event("1"), event("2")]).to_string().into_bytes();
    let (half, other) = many.split_at(many.len() / 2);
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], zstd(&many).as_slice()].concat();
    for (coding, body) in [
        ("gzip", gzip(&many)),
        ("GZip", gzip(&many)),
        ("x-gzip", gzip(&many)),
        ("identity, gzip", gzip(&many)),
        ("gzip", [gzip(half), gzip(other)].concat()),
        ("zstd", zstd(&many)),
        ("zstd", [zstd(half), zstd(other)].concat()),
        ("zstd", skipped),
        ("identity", many.clone()),
        ("", many.clone()),
    ] {
        let app = Service::start();
        app.call("POST", EVENTS, &coded(coding), body).expect(204, "");
        assert_eq!(app.stored(), 2, "{coding}");
    }
    let app = Service::start();
    app.call("POST", "/api/v1/customers", &coded("gzip"), gzip(br#"{"name":"N"}"#));
    assert_eq!(app.get("/api/v1/customers").ok()["totalCount"], 1);
}

#[test]
fn a_coding_that_is_not_read_is_415_and_names_those_that_are() {
    let app = Service::start();
    for coding in ["br", "deflate", "compress", "gzip, zstd", "gzip, gzip", "GZIP;q=1", "\u{e9}"] {
        let answer = app.call("POST", EVENTS, &coded(coding), gzip(event("1").to_string().as_bytes()));
        assert_eq!(answer.header("accept-encoding"), Some("gzip, zstd, identity"), "{coding}");
        answer.problem(415, "unsupported-media-type", "must be one of gzip, zstd, identity, not ");
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn a_body_that_is_not_so_packed_is_400_and_stores_nothing() {
    let app = Service::start();
    let plain = event("1").to_string().into_bytes();
    let (zipped, zstd_body) = (gzip(&plain), zstd(&plain));
    let mut flipped = zipped.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    for (coding, body, reason) in [
        ("gzip", plain.clone(), "the body is not gzip"),
        ("gzip", zstd_body.clone(), "the body is not gzip"),
        ("gzip", zipped[..zipped.len() - 3].to_vec(), "cut off"),
        ("gzip", Vec::new(), "cut off"),
        ("gzip", [zipped.clone(), b"more".to_vec()].concat(), "the body"),
        ("gzip", flipped, "the body is not gzip"),
        ("zstd", plain, "the body is not zstd"),
        ("zstd", zipped, "the body is not zstd"),
        ("zstd", Vec::new(), "cut off"),
        ("zstd", zstd_body[..zstd_body.len() - 3].to_vec(), "the body is not zstd"),
        ("zstd", vec![0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1], "cut off"),
    ] {
        app.call("POST", EVENTS, &coded(coding), body).problem(400, "validation", reason);
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn what_unpacks_to_more_than_a_body_may_have_is_413() {
    let app = Service::start();
    let detail = "a body may have 16777216 bytes at most";
    let large = vec![b' '; (16 << 20) + 1];
    // A frame of zstd that says it holds 4 GiB, and one with a window of 1 GiB.
    let announced = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0xff, 1, 0, 0];
    let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 1, 0, 0];
    let within = large[1..].to_vec();
    for (coding, body) in [
        ("gzip", gzip(&large)),
        ("gzip", [gzip(&within), gzip(b" ")].concat()),
        ("zstd", zstd(&large)),
        ("zstd", [zstd(&within), zstd(b" ")].concat()),
        ("zstd", announced.to_vec()),
        ("zstd", window.to_vec()),
    ] {
        assert!(body.len() < 1 << 20, "the test's own body is small");
        app.call("POST", EVENTS, &coded(coding), body).problem(413, "too-large", detail);
    }
    let mut padded = event("1").to_string().into_bytes();
    padded.resize(16 << 20, b' ');
    app.call("POST", EVENTS, &coded("gzip"), gzip(&padded)).expect(204, "");
    app.call("POST", EVENTS, &coded("zstd"), zstd(&padded)).expect(204, "");
    assert_eq!(app.stored(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_damaged_body_never_stops_the_service(at in 0usize..1000, byte in any::<u8>(), cut in 0usize..1000) {
        let many = json!((0..20).map(|i| event(&i.to_string())).collect::<Vec<_>>()).to_string();
        thread_local!(static APP: Service = Service::start());
        for (coding, mut body) in [("gzip", gzip(many.as_bytes())), ("zstd", zstd(many.as_bytes()))] {
            let place = at % body.len();
            body[place] = byte;
            body.truncate(body.len() - cut % body.len() / 8);
            let headers = [LENIENT[0], LENIENT[1], ("content-encoding", coding)];
            let answer = APP.with(|app| app.call("POST", EVENTS, &headers, body));
            prop_assert!([200, 400, 413].contains(&answer.status), "{:?}", answer);
        }
    }
}
