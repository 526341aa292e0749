//! Packed bodies (`Content-Encoding`): gzip and zstd.
//!
//! Owns unpacking. What comes out is counted and bounded while it comes, so that a body that unpacks
//! to far more than it is costs no more memory than the largest that is taken.

use super::limits::Held;
use crate::error::ApiError;
use axum::http::{HeaderMap, header};
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, Read};

/// The codings that are read, as `Accept-Encoding` names them.
pub(crate) const CODINGS: &str = "gzip, zstd, identity";
/// What is unpacked at a time.
const CHUNK: usize = 64 << 10;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// What the headers say.
    ///
    /// # Errors
    /// 415 for any other coding, and for several.
    pub(super) fn of(headers: &HeaderMap) -> Result<Coding, ApiError> {
        let mut coding = Coding::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| ApiError::coded("a coding that is not ASCII"))?;
            for name in value.split(',').map(|name| name.trim().to_ascii_lowercase()) {
                let named = match &*name {
                    "identity" | "" => continue,
                    "gzip" | "x-gzip" => Coding::Gzip,
                    "zstd" => Coding::Zstd,
                    _ => return Err(ApiError::coded(&format!("{name:.32}"))),
                };
                if coding != Coding::Identity {
                    return Err(ApiError::coded("several codings"));
                }
                coding = named;
            }
        }
        Ok(coding)
    }

    /// Unpacks a body.
    ///
    /// # Errors
    /// 413 for more than a body may have, 429 where too much is held, 400 for what is not so packed.
    pub(super) fn unpack(self, packed: &[u8], mut out: Held) -> Result<Held, ApiError> {
        match self {
            Coding::Identity => out.push(packed, Some(packed.len()))?,
            Coding::Gzip => drain(&mut MultiGzDecoder::new(packed), &mut out, "gzip")?,
            Coding::Zstd => zstd(packed, &mut out)?,
        }
        Ok(out)
    }
}

/// Moves all that a reader gives.
fn drain(reader: &mut impl Read, out: &mut Held, coding: &str) -> Result<(), ApiError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).map_err(|error| unreadable(coding, &error))? {
            0 => return Ok(()),
            read => out.push(&chunk[..read], None)?,
        }
    }
}

/// Unpacks frame after frame; frames to be skipped hold nothing. A window is never larger than a body
/// may be, since nothing in a body could need it.
fn zstd(packed: &[u8], out: &mut Held) -> Result<(), ApiError> {
    let wrong = |error: FrameDecoderError| ApiError::packed("zstd", &error.to_string());
    if packed.is_empty() {
        return Err(ApiError::cut_off());
    }
    let mut rest = packed;
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(out.limit() as u64);
    while !rest.is_empty() {
        match decoder.reset(&mut rest) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                rest = rest.get(length as usize..).ok_or_else(ApiError::cut_off)?;
                continue;
            }
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(ApiError::too_large(out.limit())),
            Err(error) => return Err(wrong(error)),
        }
        while !decoder.is_finished() {
            decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(CHUNK)).map_err(wrong)?;
            let before = out.len();
            drain(&mut decoder, out, "zstd")?;
            // The decoder keeps as much again in its window.
            out.count(out.len() - before)?;
        }
        if decoder.get_checksum_from_data().is_some_and(|sum| Some(sum) != decoder.get_calculated_checksum())
        {
            return Err(ApiError::packed("zstd", "the checksum is not that of the content"));
        }
    }
    Ok(())
}

fn unreadable(coding: &str, error: &io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ApiError::cut_off(),
        _ => ApiError::packed(coding, &error.to_string()),
    }
}
