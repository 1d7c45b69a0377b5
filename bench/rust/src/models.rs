//! Sessions and what is asked of them. A session is shared by all threads and runs on the thread that calls.

use crate::picture;
use ort::{
    environment::Environment,
    session::{Session, SessionInputs, SessionOutputs},
    value::{Tensor, TensorRef},
};
use serde::{Deserialize, Serialize};
use std::{
    cell::UnsafeCell, collections::HashMap, env, path::Path, sync::Arc, thread::available_parallelism, time::Instant,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Name and file below SHARED/models; resnet50 is added where RESNET50 names its file.
const FILES: [(&str, &str); 3] = [
    ("iris", "tabular/iris/2/model.onnx"),
    ("digits", "digits/mnist/1/model.onnx"),
    ("mobilenet", "imagenet/mobilenet_v2/2/model.onnx"),
];

/// `ort` wants a session for itself to run it, ONNX Runtime does not: OrtSession::Run may be called by many threads.
struct SharedSession(UnsafeCell<Session>);

unsafe impl Sync for SharedSession {}

impl SharedSession {
    fn run<'s, 'i, 'v: 'i, const N: usize>(
        &'s self,
        inputs: impl Into<SessionInputs<'i, 'v, N>>,
    ) -> Result<SessionOutputs<'s>, String> {
        unsafe { &mut *self.0.get() }.run(inputs).map_err(words)
    }
}

pub struct Models {
    sessions: HashMap<&'static str, SharedSession>,
    labels: Vec<String>,
    turns: Semaphore,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<[f32; 4]>,
}

#[derive(Serialize)]
struct Flower {
    label: String,
    confidence: f32,
    probabilities: HashMap<String, f32>,
}

#[derive(Serialize)]
pub struct Flowers {
    predictions: Vec<Flower>,
    model_version: &'static str,
    inference_time_ms: f64,
}

#[derive(Deserialize)]
struct Named<T> {
    inputs: T,
}

#[derive(Deserialize)]
struct Digit {
    #[serde(rename = "Input3")]
    pixels: [[[[f32; 28]; 28]; 1]; 1],
}

#[derive(Serialize)]
pub struct Outputs {
    outputs: HashMap<&'static str, Vec<Vec<f32>>>,
    model_version: &'static str,
    inference_time_ms: f64,
}

#[derive(Serialize)]
struct Class {
    label: String,
    confidence: f32,
}

#[derive(Serialize)]
pub struct Classes {
    predictions: Vec<Class>,
    model_version: &'static str,
    inference_time_ms: f64,
}

fn words(error: impl ToString) -> String {
    error.to_string()
}

fn since_ms(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e5).round() / 100.0
}

fn open(environment: &Environment, path: &Path) -> ort::Result<SharedSession> {
    let session =
        Session::builder(environment)?.with_intra_threads(1)?.with_inter_threads(1)?.commit_from_file(path)?;
    Ok(SharedSession(UnsafeCell::new(session)))
}

/// The five likeliest of a row of logits.
fn rank(logits: &[f32]) -> Vec<(usize, f32)> {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = logits.iter().map(|x| (x - most).exp()).sum();
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.select_nth_unstable_by(4, |&a, &b| logits[b].total_cmp(&logits[a]));
    order.truncate(5);
    order.sort_unstable_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    order.into_iter().map(|i| (i, (logits[i] - most).exp() / sum)).collect()
}

impl Models {
    pub fn load() -> Models {
        let shared = env::var("SHARED").unwrap_or_default();
        let wanted = env::var("LOAD").unwrap_or_default();
        let root = Path::new(&shared).join("models");
        let environment = ort::init().with_telemetry(false).build().expect("ONNX Runtime");
        let chosen = FILES.iter().filter(|(name, _)| wanted.split(',').any(|one| one == *name));
        let mut sessions: HashMap<_, _> =
            chosen.map(|(name, file)| (*name, open(&environment, &root.join(file)).expect(name))).collect();
        if let Ok(file) = env::var("RESNET50") {
            sessions.insert("resnet50", open(&environment, Path::new(&file)).expect("resnet50"));
        }
        let labels = std::fs::read_to_string(root.join("imagenet/labels.txt")).unwrap_or_default();
        let cores = available_parallelism().map_or(1, |n| n.get());
        Models { sessions, labels: labels.lines().map(str::to_owned).collect(), turns: Semaphore::new(cores) }
    }

    /// Runs what takes milliseconds on a blocking thread, as many at a time as there are cores.
    pub async fn heavy<T: Send + 'static>(
        self: Arc<Models>,
        work: impl FnOnce(&Models) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let _turn = self.turns.acquire().await.map_err(words)?;
        let models = self.clone();
        spawn_blocking(move || work(&models)).await.map_err(words)?
    }

    pub fn iris(&self, body: &[u8]) -> Result<Flowers, String> {
        let start = Instant::now();
        let rows = sonic_rs::from_slice::<Rows>(body).map_err(words)?.rows;
        let input = TensorRef::from_array_view(([rows.len(), 4], rows.as_flattened())).map_err(words)?;
        let outputs = self.sessions["iris"].run(ort::inputs![input])?;
        let (_, labels) = outputs[0].try_extract_tensor::<i64>().map_err(words)?;
        let (_, scores) = outputs[1].try_extract_tensor::<f32>().map_err(words)?;
        let predictions = labels.iter().zip(scores.chunks_exact(3)).map(|(label, row)| Flower {
            label: label.to_string(),
            confidence: row[*label as usize % 3],
            probabilities: row.iter().enumerate().map(|(i, score)| (i.to_string(), *score)).collect(),
        });
        Ok(Flowers { predictions: predictions.collect(), model_version: "2", inference_time_ms: since_ms(start) })
    }

    pub fn digits(&self, body: &[u8]) -> Result<Outputs, String> {
        let start = Instant::now();
        let digit = sonic_rs::from_slice::<Named<Digit>>(body).map_err(words)?.inputs;
        let pixels = digit.pixels.as_flattened().as_flattened().as_flattened();
        let input = TensorRef::from_array_view(([1usize, 1, 28, 28], pixels)).map_err(words)?;
        let outputs = self.sessions["digits"].run(ort::inputs![input])?;
        let (_, logits) = outputs[0].try_extract_tensor::<f32>().map_err(words)?;
        let outputs = HashMap::from([("Plus214_Output_0", vec![logits.to_vec()])]);
        Ok(Outputs { outputs, model_version: "1", inference_time_ms: since_ms(start) })
    }

    pub fn classify(&self, name: &str, jpeg: &[u8]) -> Result<Classes, String> {
        let start = Instant::now();
        let input = Tensor::from_array(([1usize, 3, 224, 224], picture::to_tensor(jpeg)?)).map_err(words)?;
        let outputs = self.sessions[name].run(ort::inputs![input])?;
        let (_, logits) = outputs[0].try_extract_tensor::<f32>().map_err(words)?;
        let class = |(i, confidence): (usize, f32)| Class { label: self.labels[i].clone(), confidence };
        let predictions = rank(logits).into_iter().map(class).collect();
        Ok(Classes { predictions, model_version: "2", inference_time_ms: since_ms(start) })
    }
}
