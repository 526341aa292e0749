//! The command line, as transcripts in `tests/cmd`: each is a session in a folder of its own.
//!
//! `TRYCMD=overwrite cargo test -p usage_app --test transcripts` writes down what the program says
//! now; read the difference before keeping it.

#[test]
fn every_transcript_reads_as_written() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
