//! One request, one answer, over connections that are kept alive.
//!
//! Owns addresses, headers, timeouts and the translation of what failed on the way. Knows no route
//! and tries nothing twice.

use crate::error::{ApiError, ClientError, NetworkError};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::time::Duration;
use ureq::http::{Response, Uri, header};
use ureq::typestate::{WithBody, WithoutBody};
use ureq::{Agent, Body, RequestBuilder};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: u64 = 256 * 1024 * 1024;
/// Connections that wait for the next request: a client may be shared by threads.
const MAX_IDLE: usize = 16;

/// Where requests go, and as whom.
pub(crate) struct Transport {
    agent: Agent,
    base_url: String,
    authorization: Option<String>,
    timeout: Duration,
}

/// What a request carries.
pub(crate) struct Content<'a> {
    /// Its media type.
    pub(crate) kind: &'static str,
    /// How the service is to treat it (RFC 7240).
    pub(crate) prefer: Option<&'static str>,
    /// The bytes.
    pub(crate) body: &'a [u8],
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    /// A transport to `base_url`, sending `api_key` as a bearer token. `timeout` is for a whole
    /// request, from the look-up of the name to the last byte of the answer.
    pub(crate) fn new(
        base_url: &str,
        api_key: Option<&str>,
        timeout: Duration,
    ) -> Result<Transport, ClientError> {
        let (base_url, host) = checked(base_url)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirected POST turns into a GET, and the key would go to who knows where.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(MAX_IDLE)
            .max_idle_connections_per_host(MAX_IDLE)
            .user_agent(concat!("usage_client/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&host) {
            // A proxy's own loopback is another machine's.
            config = config.proxy(None);
        }
        if let Some(key) = api_key
            && !key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(ClientError::validation("api_key: must be printable ASCII without spaces"));
        }
        let authorization = api_key.filter(|key| !key.is_empty()).map(|key| format!("Bearer {key}"));
        Ok(Transport { agent: config.build().into(), base_url, authorization, timeout })
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// `path` begins with a slash and is percent-encoded.
    pub(crate) fn get(&self, path: &str) -> Result<Reply, ClientError> {
        self.call(self.agent.get(self.url(path)))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Reply, ClientError> {
        self.call(self.agent.delete(self.url(path)))
    }

    fn call(&self, mut request: RequestBuilder<WithoutBody>) -> Result<Reply, ClientError> {
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.config().timeout_global(Some(self.timeout)).build();
        self.reply(request.call(), self.timeout)
    }

    pub(crate) fn post(&self, path: &str, content: &Content<'_>) -> Result<Reply, ClientError> {
        self.post_within(path, content, self.timeout)
    }

    /// A post that may take longer than others.
    pub(crate) fn post_within(
        &self,
        path: &str,
        content: &Content<'_>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        self.send(self.agent.post(self.url(path)), content, timeout.max(self.timeout))
    }

    pub(crate) fn put(&self, path: &str, content: &Content<'_>) -> Result<Reply, ClientError> {
        self.send(self.agent.put(self.url(path)), content, self.timeout)
    }

    fn send(
        &self,
        request: RequestBuilder<WithBody>,
        content: &Content<'_>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        let mut request = request.header(header::CONTENT_TYPE, content.kind);
        if let Some(prefer) = content.prefer {
            request = request.header("Prefer", prefer);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.config().timeout_global(Some(timeout)).build();
        self.reply(request.send(content.body), timeout)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn reply(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        let mut answer = answer.map_err(|error| self.failure(error, timeout))?;
        let status = answer.status().as_u16();
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if answer.status().is_redirection()
            && let Some(location) = text(header::LOCATION)
        {
            let reason = format!("redirected to {location}: give the address that answers as base_url");
            let error = ApiError { status, reason, problem: None, retry_after: None };
            return Err(Box::new(error).into());
        }
        // A date would need a clock that agrees with the service's; the backoff does instead.
        let retry_after = text(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let body = answer
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec()
            .map_err(|error| self.failure(error, timeout))?;
        Ok(Reply { status, retry_after: retry_after.map(Duration::from_secs), body })
    }

    fn failure(&self, error: ureq::Error, timeout: Duration) -> ClientError {
        let timed_out = matches!(error, ureq::Error::Timeout(_));
        let reason = match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                return ClientError::validation(format!("base_url: {error}"));
            }
            ureq::Error::Timeout(_) => format!("timed out after {timeout:?}"),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::BodyExceedsLimit(limit) => format!("the answer is longer than {limit} bytes"),
            error => error.to_string(),
        };
        NetworkError { base_url: self.base_url.clone(), reason, timed_out }.into()
    }
}

impl Reply {
    /// Whether the status is a success.
    pub(crate) fn ok(&self) -> Result<(), ClientError> {
        if (200..300).contains(&self.status) { Ok(()) } else { Err(self.error()) }
    }

    /// The body as what it should be.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.ok()?;
        serde_json::from_slice(&self.body)
            .map_err(|error| ApiError::unreadable(self.status, &error.to_string(), &self.body))
    }

    /// The body's text, where the status is a success.
    pub(crate) fn into_text(self) -> Result<String, ClientError> {
        self.ok()?;
        self.text().map(str::to_string)
    }

    /// The body's text, checked to be JSON.
    pub(crate) fn text(&self) -> Result<&str, ClientError> {
        serde_json::from_slice::<&serde_json::value::RawValue>(&self.body)
            .map(serde_json::value::RawValue::get)
            .map_err(|error| ApiError::unreadable(self.status, &error.to_string(), &self.body))
    }

    /// The error that this answer is.
    pub(crate) fn error(&self) -> ClientError {
        Box::new(ApiError::of(self.status, &self.body, self.retry_after)).into()
    }
}

/// The address without its last slash, and its host.
fn checked(base_url: &str) -> Result<(String, String), ClientError> {
    let wrong = |why: &str| Err(ClientError::validation(format!("base_url: {base_url:?} {why}")));
    let Ok(uri) = base_url.parse::<Uri>() else {
        return wrong("is no URL");
    };
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if cfg!(feature = "tls") => {}
        Some("https") => return wrong("needs TLS, which this build is without"),
        _ => return wrong("must begin with http:// or https://"),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        // Not repeated: errors end up in logs.
        return Err(ClientError::validation("base_url: must hold no user and password; use api_key"));
    }
    if uri.query().is_some() || base_url.contains('#') {
        return wrong("must end before any ? or #");
    }
    match uri.host() {
        None | Some("") => wrong("names no host"),
        Some(host) => Ok((base_url.trim_end_matches('/').to_string(), host.to_string())),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_an_address_and_nothing_more() {
        for (given, used) in [
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://localhost:8000/", "http://localhost:8000"),
            ("http://10.0.0.1/usage//", "http://10.0.0.1/usage"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(checked(given).unwrap().0, used);
        }
        for (given, why) in [
            ("", "base_url: \"\" is no URL"),
            ("localhost:8000", "base_url: \"localhost:8000\" must begin with http:// or https://"),
            ("/usage", "base_url: \"/usage\" must begin with http:// or https://"),
            ("ftp://host", "base_url: \"ftp://host\" must begin with http:// or https://"),
            ("http://host/?a=b", "base_url: \"http://host/?a=b\" must end before any ? or #"),
            ("http://host/#a", "base_url: \"http://host/#a\" must end before any ? or #"),
            ("http://a b", "base_url: \"http://a b\" is no URL"),
        ] {
            assert_eq!(checked(given).unwrap_err().to_string(), why);
        }
        let secret = checked("http://me:secret@host").unwrap_err().to_string();
        assert_eq!(secret, "base_url: must hold no user and password; use api_key");
        assert_eq!(checked("https://host").is_ok(), cfg!(feature = "tls"));
    }

    #[test]
    fn loopback_is_the_machine_itself() {
        for (host, loopback) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(is_loopback(host), loopback, "{host}");
        }
    }
}
