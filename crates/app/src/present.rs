//! The present and chance: the only places where the program asks the machine for them.

use crate::failure::Failure;
use usage_domain::time::Timestamp;

/// This moment, by the machine's clock. A clock outside the years that are kept is taken as their
/// nearest end, so that its events are still told apart and the mistake shows in every bill.
pub(crate) fn now() -> Timestamp {
    let nanos = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(nanos).unwrap_or(if nanos < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Random bits for an id; of a 128-bit number the upper 48 are not used.
pub(crate) fn random() -> u128 {
    let draw = || getrandom::u64().map_or_else(|_| u128::from(std::process::id()), u128::from);
    draw() << 64 | draw()
}

/// The secret of a new store.
pub(crate) fn secret() -> Result<[u8; 16], Failure> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret)
        .map_err(|error| Failure::operation(format!("the system gives no random numbers: {error}")))?;
    Ok(secret)
}
