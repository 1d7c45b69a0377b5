"""schema_pydantic.py BENCH_SCHEMA [SECONDS]: the work of bench_schema.c done by pydantic, same bodies, same output."""
import statistics
import subprocess
import sys
import time

from pydantic import BaseModel, Field, field_validator


class Generation(BaseModel):
    prompt: str = Field(..., min_length=1, max_length=4096)
    max_tokens: int = Field(256, ge=1, le=4096)
    temperature: float = Field(0.7, ge=0, le=2)
    stop_sequences: list[str] | None = Field(None, max_length=4)

    @field_validator("prompt")
    @classmethod
    def prompt_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Prompt cannot be empty or whitespace")
        return value.strip()

    @field_validator("stop_sequences")
    @classmethod
    def stop_sequences_valid(cls, value: list[str] | None) -> list[str] | None:
        if value and any(len(item) > 20 for item in value):
            raise ValueError("Stop sequence too long")
        return value


class PlainGeneration(BaseModel):
    """The same limits without validators written in Python: pydantic at its best."""
    prompt: str = Field(..., min_length=1, max_length=4096)
    max_tokens: int = Field(256, ge=1, le=4096)
    temperature: float = Field(0.7, ge=0, le=2)
    stop_sequences: list[str] | None = Field(None, max_length=4)


class Box(BaseModel):
    x: float
    y: float
    width: float = Field(gt=0)
    height: float = Field(gt=0)


class Detection(BaseModel):
    id: int = Field(ge=0)
    label: str = Field(min_length=1, max_length=64)
    score: float = Field(ge=0, le=1)
    is_crowd: bool
    box: Box
    tags: list[str] = Field(max_length=8)
    embedding: list[float]
    note: str | None = None


class Scene(BaseModel):
    name: str
    detections: list[Detection]


def measure_ns(run, seconds: float) -> float:
    start = time.process_time_ns()
    for _ in range(16):
        run()
    n_runs = max(1, 2_000_000 * 16 // (time.process_time_ns() - start))
    rounds, end = [], time.process_time() + seconds
    while len(rounds) < 3 or time.process_time() < end:
        start = time.process_time_ns()
        for _ in range(n_runs):
            run()
        rounds.append((time.process_time_ns() - start) / n_runs)
    return statistics.median(rounds)


def main() -> None:
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    bodies = {name: subprocess.run([sys.argv[1], "--body", name], capture_output=True, check=True).stdout.rstrip(b"\n")
              for name in ("small", "nested")}
    work = {"small": lambda: Generation.model_validate_json(bodies["small"]).model_dump_json(),
            "small-plain": lambda: PlainGeneration.model_validate_json(bodies["small"]).model_dump_json(),
            "nested": lambda: Scene.model_validate_json(bodies["nested"])}
    for name, run in work.items():
        print(name, len(bodies[name.split("-")[0]]), f"{measure_ns(run, seconds):.1f}", flush=True)


main()
