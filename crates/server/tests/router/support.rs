//! A service over a store of its own, with a clock that stands until it is set.

use crate::chosen::{self, Place};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use usage_domain::time::Timestamp;
use usage_engine::Engine;
use usage_server::{App, Limits};
use usage_store::Store;
use usage_store::embedded::Options;

pub(crate) const NOW: &str = "2023-08-25T12:00:00Z";
pub(crate) const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
pub(crate) const LENIENT: &[(&str, &str)] =
    &[("content-type", "application/json"), ("prefer", "handling=lenient")];

pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) runtime: Runtime,
    now: Arc<AtomicI64>,
    charges: AtomicU64,
    place: Option<Place>,
}

impl Service {
    pub(crate) fn start() -> Service {
        Service::within(Limits::default())
    }

    pub(crate) fn within(limits: Limits) -> Service {
        let runtime = runtime();
        let (store, place) = runtime.block_on(chosen::open());
        Service::over(store, place, runtime, limits)
    }

    /// On a folder whatever the tests run on: with a disk that fails, or that waits.
    pub(crate) fn on_disk(options: Options, limits: Limits) -> Service {
        let (store, place) = chosen::folder(options);
        Service::over(store, place, runtime(), limits)
    }

    fn over(store: Arc<dyn Store>, place: Place, runtime: Runtime, limits: Limits) -> Service {
        let now = Arc::new(AtomicI64::new(NOW.parse::<Timestamp>().unwrap().nanos()));
        let (clock, ids) = (now.clone(), AtomicU64::new(1));
        let clock = move || Timestamp::from_nanos(clock.load(Relaxed)).unwrap();
        let app = App::new(Engine::new(store), clock, move || ids.fetch_add(1, Relaxed).into());
        let router = usage_server::router(app.within(limits));
        Service { router, runtime, now, charges: AtomicU64::new(1), place: Some(place) }
    }

    /// With the sample's customers 123 (Alice, no usage) and 456 (Bob, 16.6075 in August 2023).
    pub(crate) fn with_alice_and_bob() -> Service {
        let app = Service::start();
        app.customer(json!({"number": 123, "name": "Alice"}));
        app.customer(
            json!({"number": 456, "name": "Bob", "key": "bob", "usageAttribution": {"subjectKeys": ["456"]}}),
        );
        for (day, quantity, price) in
            [("03", "104.7", "0.05"), ("11", "84.5", "0.05"), ("24", "95.3", "0.075")]
        {
            let data = json!({"quantity": quantity, "unit_price": price});
            app.charge("bob", &format!("2023-08-{day}T00:00:00Z"), data);
        }
        app
    }

    /// Sets the clock.
    pub(crate) fn at(&self, now: &str) -> &Service {
        self.now.store(now.parse::<Timestamp>().unwrap().nanos(), Relaxed);
        self
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], Body::empty())
    }

    pub(crate) fn post(&self, path: &str, json: impl ToString) -> Answer {
        self.call("POST", path, JSON, json.to_string())
    }

    pub(crate) fn put(&self, path: &str, json: impl ToString) -> Answer {
        self.call("PUT", path, JSON, json.to_string())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], Body::empty())
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.runtime.block_on(call(self.router.clone(), method, path, headers, body.into()))
    }

    /// Makes a customer.
    pub(crate) fn customer(&self, input: Value) -> Value {
        let answer = self.post("/api/v1/customers", input);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    /// Makes a meter.
    pub(crate) fn meter(&self, input: Value) -> Value {
        let answer = self.post("/api/v1/meters", input);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    /// Sends an event of a type, with an id of its own.
    pub(crate) fn used(&self, kind: &str, subject: &str, time: &str, data: Value) {
        let id = format!("event {}", self.charges.fetch_add(1, Relaxed));
        let event = event_with(&id, json!({"type": kind, "subject": subject, "time": time, "data": data}));
        self.post("/api/v1/events", event).expect(204, "");
    }

    /// Sends a charge of its own id.
    pub(crate) fn charge(&self, subject: &str, time: &str, data: Value) {
        let id = format!("charge {}", self.charges.fetch_add(1, Relaxed));
        self.post("/api/v1/events", charge(&id, subject, time, data)).expect(204, "");
    }

    /// How many events are stored.
    pub(crate) fn stored(&self) -> usize {
        self.get("/api/v1/events").json().as_array().unwrap().len()
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

impl Drop for Service {
    /// A database is dropped by asking its server.
    fn drop(&mut self) {
        let place = self.place.take();
        self.runtime.block_on(async { drop(place) });
    }
}

pub(crate) async fn call(
    router: Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        path: path.split('?').next().unwrap().to_string(),
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A text as a part of a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// A valid event of the type `t` with no data.
pub(crate) fn event(id: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "s", "type": "t", "subject": "u", "time": "2023-08-01T00:00:00Z"})
}

/// A valid event with some attributes changed; `null` takes one away.
pub(crate) fn event_with(id: &str, changes: Value) -> Value {
    let mut event = event(id);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            event.as_object_mut().unwrap().remove(name);
        } else {
            event[name] = value.clone();
        }
    }
    event
}

pub(crate) fn charge(id: &str, subject: &str, time: &str, data: Value) -> Value {
    event_with(id, json!({"type": "usage.charge", "subject": subject, "time": time, "data": data}))
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16, body: &str) -> Answer {
        assert_eq!((self.status, self.body.as_str()), (status, body), "{}", self.path);
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.path, self.body);
        self.json()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A problem in every detail: the content type, the properties, the path; gives its body.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, kind: &str, detail: &str) -> Value {
        let body = self.json();
        let known = ["type", "title", "status", "detail", "instance", "errors"];
        let properties: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(known[..5].iter().all(|name| properties.contains(name)), "{body}");
        assert!(properties.iter().all(|name| known.contains(name)), "{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!((self.status, body["status"].as_u64()), (status, Some(status.into())), "{body}");
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!(body["instance"], self.path, "{body}");
        assert!(!body["title"].as_str().unwrap().is_empty());
        let shown = body["detail"].as_str().unwrap();
        assert!(shown.contains(detail), "{shown:?} lacks {detail:?}");
        body
    }

    /// A 400 that names the field.
    #[track_caller]
    pub(crate) fn invalid(self, field: &str, reason: &str) {
        let body = self.problem(400, "validation", reason);
        assert_eq!(body["errors"][0]["field"], field, "{body}");
        let shown = body["errors"][0]["reason"].as_str().unwrap();
        assert!(shown.contains(reason), "{shown:?} lacks {reason:?}");
    }
}
