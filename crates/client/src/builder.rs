//! How a client is set up.

use crate::client::UsageAPIClient;
use crate::error::ClientError;
use crate::retry::{Retry, Wait};
use crate::transport::Transport;
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take where nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How many times events are sent again where nothing else is said.
pub const DEFAULT_RETRIES: u32 = 5;
/// Events of a request where nothing else is said.
pub const DEFAULT_BATCH_SIZE: usize = 1000;
/// The most events of a request.
pub const MAX_BATCH_SIZE: usize = 10_000;
/// The wait before the first retry; five of them take about six seconds.
const DEFAULT_BACKOFF: Duration = Duration::from_millis(200);

/// Settings of a client to be.
pub struct ClientBuilder {
    base_url: String,
    api_key: Option<String>,
    timeout: Duration,
    batch_size: usize,
    retries: u32,
    backoff: Duration,
    wait: Wait,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_string(),
            api_key: None,
            timeout: DEFAULT_TIMEOUT,
            batch_size: DEFAULT_BATCH_SIZE,
            retries: DEFAULT_RETRIES,
            backoff: DEFAULT_BACKOFF,
            wait: Arc::new(|pause| {
                std::thread::sleep(pause);
                true
            }),
        }
    }

    /// Sent with every request as `Authorization: Bearer`. An empty one is none.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> ClientBuilder {
        self.api_key = Some(key.into());
        self
    }

    /// How long a request may take, from the look-up of the name to the last byte of the answer:
    /// 30 seconds unless set. Verifying and rebuilding get at least ten minutes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.timeout = timeout;
        self
    }

    /// How many times events are sent again after the first try: 5 unless set. Nothing but events
    /// is ever sent again.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> ClientBuilder {
        self.retries = retries;
        self
    }

    /// The wait before the first retry: 200 milliseconds unless set. Each further wait doubles,
    /// up to ten seconds, less up to half by chance.
    #[must_use]
    pub fn backoff(mut self, backoff: Duration) -> ClientBuilder {
        self.backoff = backoff;
        self
    }

    /// The most events that go in one request: 1,000 unless set, 1 to [`MAX_BATCH_SIZE`].
    #[must_use]
    pub fn batch_size(mut self, events: usize) -> ClientBuilder {
        self.batch_size = events;
        self
    }

    /// How to wait before a retry, for programs that must notice something else meanwhile: `wait`
    /// returns after the duration with `true`, or at any time with `false` to give up.
    #[must_use]
    pub fn wait_with(mut self, wait: impl Fn(Duration) -> bool + Send + Sync + 'static) -> ClientBuilder {
        self.wait = Arc::new(wait);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Validation`]: a base URL that is none (or `https` in a build without TLS), a
    /// key that cannot be sent, no time at all, a batch size out of range.
    pub fn build(self) -> Result<UsageAPIClient, ClientError> {
        if self.timeout.is_zero() {
            return Err(ClientError::validation("timeout: must be more than zero"));
        }
        if !(1..=MAX_BATCH_SIZE).contains(&self.batch_size) {
            return Err(ClientError::validation(format!("batch_size: must be 1 to {MAX_BATCH_SIZE}")));
        }
        let transport = Transport::new(&self.base_url, self.api_key.as_deref(), self.timeout)?;
        let retry = Retry { retries: self.retries, backoff: self.backoff, wait: self.wait };
        Ok(UsageAPIClient { transport, retry, batch_size: self.batch_size })
    }
}
