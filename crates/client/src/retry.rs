//! When a request is tried again, and how long to wait before.
//!
//! Only requests that may be repeated without harm go through here: events under ids that are the
//! same on every try.

use crate::error::ClientError;
use crate::random;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait that the exponential growth leads to.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// The longest wait that a service may ask for: beyond it, giving up tells the caller more.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Waits, and says whether to go on.
pub(crate) type Wait = Arc<dyn Fn(Duration) -> bool + Send + Sync>;

/// How often and how patiently a request is tried again.
#[derive(Clone)]
pub(crate) struct Retry {
    /// Tries after the first.
    pub(crate) retries: u32,
    /// The wait before the first of them, before jitter; each further one doubles it.
    pub(crate) backoff: Duration,
    /// How to wait.
    pub(crate) wait: Wait,
}

impl Retry {
    /// Tries until a result, an error that stays, the last try, or a wait that was broken off.
    pub(crate) fn run<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut tried = 0;
        loop {
            let error = match attempt() {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            if tried >= self.retries || !error.is_transient() {
                return Err(error);
            }
            if !(self.wait)(delay(self.backoff, tried, error.retry_after(), random::jitter())) {
                return Err(error);
            }
            tried += 1;
        }
    }
}

/// Half of the doubled backoff for sure and up to the other half by chance, so that clients that
/// failed together do not return together; never less than the service asks for, within limits.
fn delay(backoff: Duration, tried: u32, retry_after: Option<Duration>, random: u64) -> Duration {
    let factor = 2u32.checked_pow(tried).unwrap_or(u32::MAX);
    let half = backoff.saturating_mul(factor).min(MAX_BACKOFF) / 2;
    let span = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    let jittered = half + Duration::from_nanos(random % span.max(1));
    jittered.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_heed_the_service() {
        let base = Duration::from_millis(200);
        let (least, most) = (0, u64::MAX);
        let ms = Duration::from_millis;
        for (tried, after, random, from, to) in [
            (0, None, least, ms(100), ms(100)),
            (0, None, most, ms(100), ms(200)),
            (1, None, least, ms(200), ms(200)),
            (3, None, most, ms(800), ms(1600)),
            (20, None, least, ms(5000), ms(5000)),
            (u32::MAX, None, most, ms(5000), ms(10_000)),
            (0, Some(ms(3000)), most, ms(3000), ms(3000)),
            (0, Some(ms(3_600_000)), most, ms(60_000), ms(60_000)),
        ] {
            let wait = delay(base, tried, after, random);
            assert!((from..=to).contains(&wait), "try {tried}, after {after:?}: {wait:?}");
        }
        assert_eq!(delay(Duration::ZERO, 3, None, 7), Duration::ZERO);
    }
}
