//! The guide's TextGenerationRequest: read, checked, stripped; refused with FastAPI's list of what is wrong.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    prompt: String,
    #[serde(default = "default_max_tokens")]
    max_tokens: i64,
    #[serde(default = "default_temperature")]
    temperature: f64,
    #[serde(default)]
    stop_sequences: Option<Vec<String>>,
}

#[derive(Serialize)]
pub struct Status {
    status: String,
}

#[derive(Serialize)]
struct Entry {
    r#type: &'static str,
    loc: [&'static str; 2],
    msg: String,
}

#[derive(Serialize)]
pub struct Refusal {
    detail: Vec<Entry>,
}

fn default_max_tokens() -> i64 {
    256
}

fn default_temperature() -> f64 {
    0.7
}

impl Refusal {
    fn add(&mut self, r#type: &'static str, field: &'static str, msg: impl Into<String>) {
        self.detail.push(Entry { r#type, loc: ["body", field], msg: msg.into() });
    }

    fn add_unless(&mut self, ok: bool, r#type: &'static str, field: &'static str, msg: &str) {
        if !ok {
            self.add(r#type, field, msg);
        }
    }
}

fn check(request: &Request) -> Refusal {
    let mut refusal = Refusal { detail: Vec::new() };
    let n_chars = request.prompt.chars().count();
    refusal.add_unless(n_chars >= 1, "string_too_short", "prompt", "String should have at least 1 character");
    refusal.add_unless(n_chars <= 4096, "string_too_long", "prompt", "String should have at most 4096 characters");
    let blank = n_chars >= 1 && request.prompt.trim().is_empty();
    refusal.add_unless(!blank, "value_error", "prompt", "Value error, Prompt cannot be empty or whitespace");
    let tokens = request.max_tokens;
    refusal.add_unless(tokens >= 1, "greater_than_equal", "max_tokens", "Input should be greater than or equal to 1");
    refusal.add_unless(tokens <= 4096, "less_than_equal", "max_tokens", "Input should be less than or equal to 4096");
    let heat = request.temperature;
    refusal.add_unless(heat >= 0.0, "greater_than_equal", "temperature", "Input should be greater than or equal to 0");
    refusal.add_unless(heat <= 2.0, "less_than_equal", "temperature", "Input should be less than or equal to 2");
    if let Some(stops) = &request.stop_sequences {
        let message = "List should have at most 4 items after validation";
        refusal.add_unless(stops.len() <= 4, "too_long", "stop_sequences", message);
        let short = stops.iter().all(|stop| stop.chars().count() <= 20);
        refusal.add_unless(short, "value_error", "stop_sequences", "Value error, Stop sequence too long");
    }
    refusal
}

pub fn read(body: &[u8]) -> Result<Status, Refusal> {
    let mut refusal = match sonic_rs::from_slice::<Request>(body) {
        Ok(request) => {
            let refusal = check(&request);
            if refusal.detail.is_empty() {
                return Ok(Status { status: request.prompt.trim().to_owned() });
            }
            return Err(refusal);
        }
        Err(_) => Refusal { detail: Vec::new() },
    };
    refusal.add("json_invalid", "", "JSON decode error");
    Err(refusal)
}
