//! The catalog: everything that was set up, as one document.

use crate::client::UsageAPIClient;
use crate::error::ClientError;
use crate::transport::Content;
use usage_api::catalog::Applied;

/// Every request here fails with [`ClientError::Network`] without an answer in time, and with
/// [`ClientError::Api`] for an answer that is no result.
impl UsageAPIClient {
    /// Everything that was set up, as JSON text.
    ///
    /// # Errors
    /// No answer.
    pub fn catalog_json(&self) -> Result<String, ClientError> {
        self.transport.get("/api/v1/catalog")?.into_text()
    }

    /// Makes what is there as the JSON text of a catalog says; with `dry_run`, only says what there is to do.
    ///
    /// # Errors
    /// No answer; 400 with all that is wrong with the catalog.
    pub fn apply_catalog_json(&self, catalog: &str, dry_run: bool) -> Result<Applied, ClientError> {
        let content = Content { kind: "application/json", prefer: None, body: catalog.as_bytes() };
        let path = format!("/api/v1/catalog/apply?dry_run={dry_run}");
        self.transport.post_within(&path, &content, crate::service::LONG)?.json()
    }
}
