//! A service that bills one customer by a plan.

use crate::support::{Answer, Service};
use serde_json::{Value, json};

/// Everything happens now, unless it says otherwise: September is over, and October.
pub(crate) const TODAY: &str = "2026-11-15T12:00:00Z";

/// A plan of one version from September on: what a token costs.
pub(crate) fn plan(unit_amount: &str) -> Value {
    json!({"name": "Pro", "versions": [{
        "effective_from": "2026-09-01", "currency": "USD",
        "items": [{"key": "tokens", "name": "Tokens", "meter": "tokens", "unit": "tokens",
                   "price": {"model": "per_unit", "unit_amount": unit_amount}}],
    }]})
}

/// With the meter `tokens` and the plan `pro`, which Acme is on; in September it used 160 tokens.
pub(crate) fn acme() -> Service {
    let app = Service::start();
    app.at(TODAY);
    app.meter(json!({"slug": "tokens", "aggregation": "SUM", "eventType": "prompt",
        "valueProperty": "$.tokens", "groupBy": {"model": "$.model"}}));
    app.put("/api/v1/plans/pro", plan("0.05")).ok();
    app.customer(json!({"number": 7, "name": "Acme", "key": "acme"}));
    app.post("/api/v1/customers/acme/subscriptions", json!({"plan": "pro", "start": "2026-09-01"})).made();
    app.used("prompt", "acme", "2026-09-02T00:00:00Z", json!({"tokens": 100}));
    app.used("prompt", "acme", "2026-09-03T00:00:00Z", json!({"tokens": 60}));
    app
}

impl Service {
    /// The path of Acme's open bill of a month.
    pub(crate) fn open_bill(&self, month: &str) -> String {
        let bill = self.get(&format!("/api/v1/customers/acme/bill?month={month}")).ok();
        format!("/api/v1/bills/{}", bill["id"].as_str().unwrap())
    }

    /// Finalizes Acme's bill of a month.
    pub(crate) fn finalized(&self, month: &str) -> Value {
        self.post(&format!("{}/finalize", self.open_bill(month)), "").made()["bill"].clone()
    }
}

impl Answer {
    /// What was made.
    #[track_caller]
    pub(crate) fn made(self) -> Value {
        assert_eq!(self.status, 201, "{}: {}", self.path, self.body);
        self.json()
    }
}
