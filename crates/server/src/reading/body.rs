//! The body of a request, whole: read, unpacked, within the limits of size, memory and time.

use super::coding::Coding;
use super::limits::{Held, Intake};
use crate::App;
use crate::error::ApiError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use std::future::poll_fn;
use std::pin::Pin;
use tokio::time::timeout;

/// What of a body that is refused is read all the same, and thrown away: many clients look at the
/// answer only once they have sent everything. As many times the limit of a body.
const IGNORED: usize = 16;

/// A body, whole and unpacked. Its bytes count as held until it is dropped.
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest<App> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<RawBody, ApiError> {
        Ok(RawBody(Bytes::from_owner(whole(request, &app.intake).await?)))
    }
}

/// A body whose bytes are worked with where they are. They count as held until the second is dropped,
/// which is to outlive them and what becomes of them.
pub(crate) struct OwnedBody(pub(crate) Vec<u8>, pub(crate) Held);

impl FromRequest<App> for OwnedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<OwnedBody, ApiError> {
        let mut held = whole(request, &app.intake).await?;
        Ok(OwnedBody(held.take(), held))
    }
}

async fn whole(request: Request, intake: &Intake) -> Result<Held, ApiError> {
    let coding = Coding::of(request.headers())?;
    let waits = request.headers().contains_key(header::EXPECT);
    if waits && request.body().size_hint().lower() > intake.limits.body as u64 {
        // Who asks before sending is told before.
        return Err(ApiError::too_large(intake.limits.body));
    }
    let read = timeout(intake.limits.whole, read(request.into_body(), intake));
    let sent = read.await.map_err(|_| ApiError::slow(intake.limits.whole))??;
    match coding {
        Coding::Identity => Ok(sent),
        coding => coding.unpack(sent.as_ref(), sent.unpacked()),
    }
}

async fn read(mut body: Body, intake: &Intake) -> Result<Held, ApiError> {
    let limits = &intake.limits;
    let announced = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let mut kept = Ok(intake.body());
    let mut length = 0usize;
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let Some(frame) = timeout(limits.pause, frame).await.map_err(|_| ApiError::slow(limits.pause))?
        else {
            return kept;
        };
        // What is no data is trailers, which say nothing here.
        let Ok(data) = frame.map_err(|_| ApiError::cut_off())?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if let Ok(held) = &mut kept
            && let Err(refused) = held.push(&data, announced)
        {
            // What is held goes with this.
            kept = Err(refused);
        }
        if length > IGNORED * limits.body {
            return kept;
        }
    }
}
