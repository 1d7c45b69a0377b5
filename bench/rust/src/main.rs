//! The server that a capable Rust user would write: axum, ONNX Runtime by `ort`, sessions shared by all threads, one
//! engine thread a call. Small models run where the request is read; heavy ones on a blocking thread, one per core.
//! It has no limits, deadlines, bounded lines, metrics, logs or cancellation: what Serval is measured beside, not a rival
//! in features.
//!
//! PORT, SHARED (folder of the models), LOAD (comma-separated names of `models::FILES`) and RESNET50 (a file) come from
//! the environment.

mod generation;
mod models;
mod picture;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{header, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
    Router,
};
use models::Models;
use std::{env, sync::Arc};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Shared = State<Arc<Models>>;

/// A JSON answer, or the words of what went wrong.
fn answer<T: serde::Serialize>(result: Result<T, String>) -> Response {
    match result {
        Ok(value) => json(StatusCode::OK, sonic_rs::to_vec(&value).unwrap()),
        Err(message) => json(StatusCode::BAD_REQUEST, sonic_rs::to_vec(&message).unwrap()),
    }
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}

async fn noop() -> Response {
    json(StatusCode::OK, Bytes::from_static(b"{\"status\":\"ok\"}"))
}

async fn generate(body: Bytes) -> Response {
    match generation::read(&body) {
        Ok(status) => json(StatusCode::OK, sonic_rs::to_vec(&status).unwrap()),
        Err(detail) => json(StatusCode::UNPROCESSABLE_ENTITY, sonic_rs::to_vec(&detail).unwrap()),
    }
}

async fn iris(State(models): Shared, body: Bytes) -> Response {
    answer(models.iris(&body))
}

async fn digits(State(models): Shared, body: Bytes) -> Response {
    answer(models.digits(&body))
}

async fn mobilenet(State(models): Shared, body: Bytes) -> Response {
    answer(models.heavy(move |models| models.classify("mobilenet", &body)).await)
}

async fn resnet50(State(models): Shared, body: Bytes) -> Response {
    answer(models.heavy(move |models| models.classify("resnet50", &body)).await)
}

#[tokio::main]
async fn main() {
    let models = Arc::new(Models::load());
    let app = Router::new()
        .route("/health", get(noop))
        .route("/noop", get(noop))
        .route("/generate", post(generate))
        .route("/api/v1/models/iris/predict", post(iris))
        .route("/api/v1/models/digits/predict", post(digits))
        .route("/api/v1/models/resnet50/predict", post(resnet50))
        .route("/api/v1/predict", post(mobilenet))
        .layer(DefaultBodyLimit::max(64 << 20))
        .with_state(models);
    let address = format!("127.0.0.1:{}", env::var("PORT").expect("PORT"));
    let listener = tokio::net::TcpListener::bind(address).await.expect("bind");
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await.expect("serve");
}
