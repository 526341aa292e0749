//! Which form of an answer a client prefers.

use axum::http::{HeaderMap, header};

/// The first of these media types that is named in `Accept` with the highest weight, where JSON is not
/// preferred to it. Ranges such as `*/*` mean JSON.
pub(crate) fn preferred(headers: &HeaderMap, others: &[&'static str]) -> Option<&'static str> {
    let named = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let weights = named.flat_map(|value| value.split(',')).map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        (kind, thousandths(weight.unwrap_or("1")))
    });
    let weights: Vec<(String, u32)> = weights.collect();
    let of = |kind: &str| weights.iter().find(|(named, _)| named == kind).map_or(0, |(_, weight)| *weight);
    let (mut best, mut most) = (None, of("application/json"));
    for kind in others {
        if of(kind) > most {
            (best, most) = (Some(*kind), of(kind));
        }
    }
    best
}

/// A weight such as 0.5, in thousandths; 0 where it is none.
fn thousandths(text: &str) -> u32 {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{digits:0<3.3}");
    match (whole.parse::<u32>(), padded.parse::<u32>()) {
        (Ok(whole), Ok(part)) => whole.min(1) * 1000 + part,
        _ => 0,
    }
}
