"""The FastAPI service that Serval is measured beside: the guide's routes with the same engine, written as its users do.

uvicorn app:app --host 127.0.0.1 --port N --no-access-log; MODELS is JSON, name to file, of what is to be loaded; LABELS
names the words of the picture classifiers.
"""
import io
import json
import os
import time
from typing import Dict, List, Optional

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, Request
from PIL import Image
from pydantic import BaseModel, Field, field_validator
from starlette.concurrency import run_in_threadpool

app = FastAPI()
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


class Generation(BaseModel):
    prompt: str = Field(..., min_length=1, max_length=4096)
    max_tokens: int = Field(default=256, ge=1, le=4096)
    temperature: float = Field(default=0.7, ge=0, le=2)
    stop_sequences: Optional[List[str]] = Field(default=None, max_length=4)

    @field_validator("prompt")
    @classmethod
    def not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Prompt cannot be empty or whitespace")
        return value.strip()


class Status(BaseModel):
    status: str


class Rows(BaseModel):
    rows: List[List[float]]


class Flower(BaseModel):
    label: str
    confidence: float
    probabilities: Dict[str, float]


class Flowers(BaseModel):
    predictions: List[Flower]
    model_version: str
    inference_time_ms: float


class Digits(BaseModel):
    inputs: Dict[str, List[List[List[List[float]]]]]


class Scores(BaseModel):
    outputs: Dict[str, List[List[float]]]
    model_version: str
    inference_time_ms: float


class Matrix(BaseModel):
    inputs: Dict[str, List[List[float]]]


class Tensor(BaseModel):
    name: str
    datatype: str
    shape: List[int]
    data: List[float]


class Inference(BaseModel):
    inputs: List[Tensor]


class Inferred(BaseModel):
    model_name: str
    outputs: List[Tensor]


def open_session(path: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options)


sessions = {name: open_session(path) for name, path in json.loads(os.environ.get("MODELS", "{}")).items()}
labels = open(os.environ["LABELS"]).read().splitlines() if "LABELS" in os.environ else []


def ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 2)


@app.get("/health")
@app.get("/noop")
async def noop() -> Status:
    return Status(status="ok")


@app.post("/generate")
async def generate(request: Generation) -> Status:
    return Status(status=request.prompt)


@app.post("/api/v1/models/iris/predict")
def iris(request: Rows) -> Flowers:
    start = time.perf_counter()
    found, scores = sessions["iris"].run(None, {"float_input": np.array(request.rows, np.float32)})
    predictions = [Flower(label=str(label), confidence=row[label], probabilities={str(i): x for i, x in enumerate(row)})
                   for label, row in zip(found, scores.tolist())]
    return Flowers(predictions=predictions, model_version="2", inference_time_ms=ms_since(start))


@app.post("/api/v1/models/digits/predict")
def digits(request: Digits) -> Scores:
    start = time.perf_counter()
    feeds = {name: np.array(value, np.float32) for name, value in request.inputs.items()}
    scores = sessions["digits"].run(None, feeds)[0]
    return Scores(outputs={"Plus214_Output_0": scores.tolist()}, model_version="1", inference_time_ms=ms_since(start))


@app.post("/api/v1/models/{name}/predict/matrix")
def matrix(name: str, request: Matrix) -> Scores:
    start = time.perf_counter()
    feeds = {key: np.array(value, np.float32) for key, value in request.inputs.items()}
    output = sessions[name].get_outputs()[0].name
    scores = sessions[name].run(None, feeds)[0]
    return Scores(outputs={output: scores.tolist()}, model_version="1", inference_time_ms=ms_since(start))


@app.post("/v2/models/{name}/infer")
def infer(name: str, request: Inference) -> Inferred:
    types = {"FP32": np.float32, "INT64": np.int64}
    feeds = {tensor.name: np.array(tensor.data, types[tensor.datatype]).reshape(tensor.shape)
             for tensor in request.inputs}
    session = sessions[name]
    results = zip(session.get_outputs(), session.run(None, feeds))
    outputs = [Tensor(name=output.name, datatype=request.inputs[0].datatype, shape=list(value.shape),
                      data=value.ravel().tolist()) for output, value in results]
    return Inferred(model_name=name, outputs=outputs)


def classify(name: str, data: bytes) -> list:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    size = (256, 256 * height // width) if width <= height else (256 * width // height, 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    tensor = ((pixels - MEAN) / STD).transpose(2, 0, 1)[None]
    logits = sessions[name].run(None, {"input": np.ascontiguousarray(tensor)})[0][0]
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = np.argsort(-scores)[:5]
    return [{"label": labels[i], "confidence": round(float(scores[i]), 6)} for i in best]


@app.post("/api/v1/predict")
@app.post("/api/v1/models/{name}/predict")
async def predict(request: Request, name: str = "mobilenet"):
    start = time.perf_counter()
    data = await request.body()
    predictions = await run_in_threadpool(classify, name, data)
    return {"predictions": predictions, "model_version": "2", "inference_time_ms": ms_since(start)}
