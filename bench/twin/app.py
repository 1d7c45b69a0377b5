"""The FastAPI service that Serval is measured beside: the guide's routes with the same engine, written as its users do.

uvicorn app:app --host 127.0.0.1 --port N --no-access-log; MODEL and LABELS name the classifier (mobilenet_v2).
"""
import io
import os
import time
from typing import List, Optional

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


@app.get("/noop", response_model=Status)
async def noop():
    return Status(status="ok")


@app.post("/generate", response_model=Status)
async def generate(request: Generation):
    return Status(status=request.prompt)


if "MODEL" in os.environ:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(os.environ["MODEL"], options)
    labels = open(os.environ["LABELS"]).read().splitlines()


def classify(data: bytes) -> list:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    size = (256, 256 * height // width) if width <= height else (256 * width // height, 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    tensor = ((pixels - MEAN) / STD).transpose(2, 0, 1)[None]
    logits = session.run(None, {"input": np.ascontiguousarray(tensor)})[0][0]
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = np.argsort(-scores)[:5]
    return [{"label": labels[i], "confidence": round(float(scores[i]), 6)} for i in best]


@app.post("/api/v1/predict")
async def predict(request: Request):
    start = time.perf_counter()
    data = await request.body()
    predictions = await run_in_threadpool(classify, data)
    return {"predictions": predictions, "model_version": "2",
            "inference_time_ms": round((time.perf_counter() - start) * 1000, 2)}
