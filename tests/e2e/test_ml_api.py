"""examples/ml_api over TCP: the application of the guide, as its contract says it answers."""
import concurrent.futures
import http.server
import json
import math
import re
import shutil
import threading

import openapi_spec_validator
import pytest

import pictures
from pictures import FOLDER, SEVEN, data_uri
from served import ROOT, serving, wait_until

PREDICT, UUID = "/api/v1/predict", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
IMAGE = {"image_url": data_uri(SEVEN)}


@pytest.fixture(scope="module")
def served():
    with serving("examples/ml_api", "--log-format", "json") as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    with served.client() as client:
        yield client


def error_of(answer, status, code):
    """The error object, whose usual members are as they must be."""
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert list(body)[:5] == ["error", "message", "path", "request_id", "detail"]
    assert body["error"] == code and body["path"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


# The guide's own three tests.

def test_health_check(api):
    answer = api.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "model_loaded": True, "gpu_available": False, "version": "1.0.0"}


def test_prediction(api):
    answer = api.post(PREDICT, json=IMAGE)
    assert answer.status_code == 200
    assert "predictions" in answer.json()


def test_invalid_input(api):
    answer = api.post(PREDICT, json={"image_url": ""})
    assert error_of(answer, 422, "VALIDATION_ERROR")["detail"] == [{
        "type": "string_too_short", "loc": ["body", "image_url"], "msg": "String should have at least 1 character",
        "input": "", "ctx": {"min_length": 1}}]


# Predictions.

@pytest.mark.parametrize("digit", range(10))
def test_digits(api, digit):
    body = api.post(PREDICT, json={"image_url": data_uri((FOLDER / f"digit-{digit}.png").read_bytes())}).json()
    assert list(body) == ["predictions", "model_version", "inference_time_ms"]
    confidences = [prediction["confidence"] for prediction in body["predictions"]]
    assert body["predictions"][0]["label"] == str(digit) and len(confidences) == 5
    assert confidences == sorted(confidences, reverse=True) and all(0 <= c <= 1 for c in confidences)
    assert all(round(c, 6) == c for c in confidences)
    assert round(body["inference_time_ms"], 2) == body["inference_time_ms"] > 0


@pytest.mark.parametrize("query, version", [
    ("", "v2"), ("?model_version=", "v2"), ("?model_version=v1", "v1"), ("?model_version=v2", "v2"),
    ("?model_version=v9&model_version=v1", "v1")])
def test_versions(api, query, version):
    assert api.post(PREDICT + query, json=IMAGE).json()["model_version"] == version


def test_unknown_version_is_told_before_the_picture_is_fetched(api):
    body = error_of(api.post(f"{PREDICT}?model_version=v9", json={"image_url": "ftp://nowhere"}), 404,
                    "MODEL_VERSION_NOT_FOUND")
    assert body["message"] == body["detail"] == "Model version v9 not found" and body["available"] == ["v1", "v2"]


@pytest.mark.parametrize("url, words", [
    ("ftp://example.com/cat.jpg", "Unsupported image URL"), ("cat.jpg", "Unsupported image URL"),
    ("data:image/png", "Invalid data URI"), ("data:;base64,a", "Invalid base64 in data URI"),
    ("data:,no picture", ""), (data_uri(SEVEN[:100]), ""),
    ("http://127.0.0.1:1/cat.jpg", "Could not fetch image"), ("http://localhost:1/", "Could not fetch image")])
def test_pictures_that_cannot_be_used(api, url, words):
    body = error_of(api.post(PREDICT, json={"image_url": url}), 400, "INVALID_INPUT")
    assert words in body["message"] and body["detail"] == body["message"]


class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/picture": 200, "/elsewhere": 302}.get(self.path, 404))
        self.send_header("Content-Type", "text/plain")
        self.send_header("Location", "/picture")
        self.send_header("Content-Length", str(len(SEVEN)))
        self.end_headers()
        self.wfile.write(SEVEN)

    def log_message(self, *_):
        pass


def test_fetched_pictures():
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{origin.server_port}"
    with serving("examples/ml_api", "--image-url-allow", host) as server, server.client() as client:
        for path in ("picture", "elsewhere"):
            answer = client.post(PREDICT, json={"image_url": f"http://{host}/{path}"})
            assert answer.json()["predictions"][0]["label"] == "7", answer.text
        answer = client.post(PREDICT, json={"image_url": f"http://{host}/missing"})
        assert error_of(answer, 400, "INVALID_INPUT")["message"] == "Could not fetch image: HTTP 404"
        job = client.post(f"{PREDICT}/async", json={"image_url": f"http://{host}/picture"}).json()
        wait_until(lambda: client.get(job["status_url"]).json()["status"] == "completed")
    origin.shutdown()


def test_many_at_once(served):
    def ask(digit):
        with served.client() as client:
            url = data_uri((FOLDER / f"digit-{digit}.png").read_bytes())
            return client.post(PREDICT, json={"image_url": url}).json()["predictions"][0]["label"]
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, [i % 10 for i in range(64)])) == [str(i % 10) for i in range(64)]


def test_one_worker_and_a_deadline():
    slow = {"image_url": data_uri(pictures.slow())}
    with serving("examples/ml_api", "--workers", "1", "--request-timeout", "500ms") as server:
        def ask(body):
            with server.client() as client:
                return client.post(PREDICT, json=body).status_code
        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(ask, [slow] * 6))  # one is at work, five wait for it
        assert 504 in answers and set(answers) <= {200, 408, 504}
        wait_until(lambda: ask(IMAGE) == 200)


def test_limited():
    with serving("examples/ml_api", "--log-level", "off") as server, server.client() as client:
        for left in range(9, -1, -1):
            answer = client.post(f"{PREDICT}/limited", json=IMAGE)
            assert answer.status_code == 200 and "retry-after" not in answer.headers
            assert answer.headers["x-ratelimit-limit"] == "10" and answer.headers["x-ratelimit-remaining"] == str(left)
        answer = client.post(f"{PREDICT}/limited", json={"image_url": ""})  # not even validated
        assert error_of(answer, 429, "RATE_LIMITED")["message"] == "Rate limit exceeded: 10 per 1 minute"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert client.post(PREDICT, json=IMAGE).status_code == 200


# Jobs.

def finished(api, body):
    """A job that is over."""
    answer = api.post(f"{PREDICT}/async", json=body)
    accepted = answer.json()
    assert answer.status_code == 202 and list(accepted) == ["job_id", "status_url"]
    assert UUID.fullmatch(accepted["job_id"])
    assert accepted["status_url"] == answer.headers["location"] == f"/api/v1/jobs/{accepted['job_id']}"
    wait_until(lambda: api.get(accepted["status_url"]).json()["status"] in ("completed", "failed"))
    job = api.get(accepted["status_url"]).json()
    assert list(job) == ["job_id", "status", "result", "error", "created_at", "started_at", "finished_at", "attempts",
                         "progress"]
    assert all(TIME.fullmatch(job[name]) for name in ("created_at", "started_at", "finished_at"))
    assert job["job_id"] == accepted["job_id"] and job["attempts"] == 1
    return job


def test_job_gives_what_predict_gives(api):
    job, answer = finished(api, IMAGE), api.post(PREDICT, json=IMAGE).json()
    assert job["status"] == "completed" and job["error"] is None
    assert job["result"].pop("inference_time_ms") > 0 and answer.pop("inference_time_ms")
    assert job["result"] == answer


def test_job_that_fails(api):
    job = finished(api, {"image_url": "ftp://x"})
    assert job["status"] == "failed" and job["result"].startswith("Unsupported image URL")
    assert job["error"] == {"error": "INVALID_INPUT", "message": job["result"]}


@pytest.mark.parametrize("name", ["none", "00000000-0000-4000-8000-000000000000", "%20", "a" * 300])
def test_unknown_job(api, name):
    answer = api.get(f"/api/v1/jobs/{name}")
    assert answer.status_code == 404 and answer.json()["detail"] == "Job not found"
    assert answer.json()["error"] == "JOB_NOT_FOUND"


def test_requests_of_jobs_are_small_and_the_oldest_job_is_forgotten(api):
    first = finished(api, {"image_url": "ftp://x"})
    assert api.post(f"{PREDICT}/async", json={"image_url": "x" * 1_000_000}).status_code == 413
    for _ in range(256):
        wait_until(lambda: api.post(f"{PREDICT}/async", json={"image_url": "ftp://x"}).status_code == 202)
    assert api.get(f"/api/v1/jobs/{first['job_id']}").status_code == 404


# Models and texts.

def test_models(api):
    assert api.get("/api/v1/models/classifier").json() == {
        "name": "classifier", "versions": ["v1", "v2"], "default_version": "v2"}
    assert error_of(api.get("/api/v1/models/cats"), 503, "MODEL_NOT_LOADED")["message"] == "Model cats is not loaded"


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_embeddings_are_python_s(api, prefix):
    for expected in json.loads((ROOT / "models/embedder/EXPECTED.json").read_text())["embeddings"]:
        body = api.post(f"{prefix}/embed", json={"text": expected["text"]}).json()
        assert list(body) == ["embedding", "dimensions", "model", "model_version"]
        assert (body["dimensions"], body["model"], body["model_version"]) == (64, "embedder", "1")
        assert max(abs(a - b) for a, b in zip(body["embedding"], expected["embedding"], strict=True)) < 1e-5
        assert abs(math.hypot(*body["embedding"]) - 1) < 1e-4


def test_the_first_embedding_is_asked_for_by_many():
    with serving("examples/ml_api", "--log-level", "off") as server:
        def ask(_):
            with server.client() as client:
                return tuple(client.post("/embed", json={"text": "a cat"}).json()["embedding"])
        with concurrent.futures.ThreadPoolExecutor(12) as threads:
            assert len(set(threads.map(ask, range(24)))) == 1


@pytest.mark.parametrize("text", ["", "  ", "\u3000\n"])
def test_blank_text(api, text):
    assert error_of(api.post("/embed", json={"text": text}), 400, "INVALID_INPUT")["message"] == "Text is empty"


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_generate(api, prefix):
    def ask(**body):
        return api.post(f"{prefix}/generate", json={"prompt": "  The zebra ", "temperature": 0, **body}).json()
    whole = ask(max_tokens=40)
    assert {**whole, "text": ""} == {"text": "", "prompt": "The zebra", "max_tokens": 40, "temperature": 0.0,
                                     "stop_sequences": None}
    assert whole["text"] and ask(max_tokens=40) == whole
    assert whole["text"].startswith(ask(max_tokens=4)["text"])
    assert ask(max_tokens=40, stop_sequences=["%", "a"])["text"] == whole["text"].split("a")[0]
    assert api.post(f"{prefix}/generate", json={"prompt": "é ü", "max_tokens": 1}).json()["max_tokens"] == 1


@pytest.mark.parametrize("field, value, where, words", [
    ("prompt", " \t", ["prompt"], "Value error, Prompt cannot be empty or whitespace"),
    ("prompt", "", ["prompt"], "String should have at least 1 character"),
    ("prompt", "x" * 4097, ["prompt"], "String should have at most 4096 characters"),
    ("max_tokens", 0, ["max_tokens"], "Input should be greater than or equal to 1"),
    ("max_tokens", 4097, ["max_tokens"], "Input should be less than or equal to 4096"),
    ("temperature", 2.5, ["temperature"], "Input should be less than or equal to 2"),
    ("stop_sequences", ["a", "x" * 21], ["stop_sequences", 1], "Value error, Stop sequence too long"),
    ("stop_sequences", ["a"] * 5, ["stop_sequences"], "List should have at most 4 items after validation, not 5")])
def test_generation_is_validated(api, field, value, where, words):
    detail = error_of(api.post("/generate", json={"prompt": "a", field: value}), 422, "VALIDATION_ERROR")["detail"]
    assert [(entry["loc"], entry["msg"]) for entry in detail] == [(["body", *where], words)]


@pytest.mark.parametrize("path, name", [("/generate", "prompt"), ("/chat", "message"), ("/chat/stream", "message")])
def test_prompts_that_are_longer_than_the_context(api, path, name):
    body = error_of(api.post(path, json={name: "x" * 4096}), 400, "INVALID_INPUT")
    assert re.search(r"has at least \d+ tokens, but the context of this model has \d+", body["message"])


# Streams.

# Conversations of one message, with llama.cpp's own greedy answers, where no processor has another.
CHATS = [(chat["messages"][0]["content"], chat["text"])
         for chat in json.loads((ROOT / "models/chat/EXPECTED.json").read_text())["chats"]
         if len(chat["messages"]) == 1 and chat["safe"]]


def contents(answer):
    """The texts of /chat, which must end as it should."""
    *frames, done, rest = answer.content.decode().split("\n\n")
    assert (done, rest) == ('data: {"done":true}', "")
    return [json.loads(frame.removeprefix("data: "))["content"] for frame in frames]


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_chat(api, prefix):
    for message, text in CHATS:
        answer = api.post(f"{prefix}/chat", json={"message": message, "temperature": 0})
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache" and answer.headers["connection"] == "keep-alive"
        assert "".join(contents(answer)) == text


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_chat_stream(api, prefix):
    for message, text in CHATS:
        answer = api.post(f"{prefix}/chat/stream", json={"message": message, "temperature": 0})
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["x-accel-buffering"] == "no"
        *frames, done, rest = answer.content.decode().split("\n\n")
        assert (done, rest) == ("data: [DONE]", "")
        assert "".join(frame.removeprefix("data: ") for frame in frames) == text


def test_more_chats_than_are_answered_at_once():
    """Each has its own answer, whoever else is answered in the same steps; nobody's deadline is near."""
    with serving("examples/ml_api", "--request-timeout", "300", "--log-level", "off") as server:
        def ask(message):
            with server.client() as client:
                return "".join(contents(client.post("/chat", json={"message": message, "temperature": 0})))
        with concurrent.futures.ThreadPoolExecutor(12) as threads:
            assert list(threads.map(ask, [message for message, _ in CHATS * 3])) == [text for _, text in CHATS * 3]


def test_clients_that_leave_while_they_are_answered(served, api):
    for _ in range(20):
        with api.stream("POST", "/chat/stream", json={"message": "Tell me a story about the frog."}) as answer:
            next(answer.iter_raw())
    message, text = CHATS[0]
    assert "".join(contents(api.post("/chat", json={"message": message, "temperature": 0}))) == text


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
def test_a_wrong_chat_is_refused_before_the_stream(api, path):
    for body in ({"message": ""}, {}, {"message": "x" * 32769}, {"message": "a", "max_tokens": 0}):
        assert error_of(api.post(path, json=body), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("size", [0, 9])
def test_a_language_model_that_fails(size):
    body = {"message": CHATS[0][0], "temperature": 0}
    failed = "The language model failed"
    with serving("examples/ml_api", "--llm-fails-after", size, "--log-level", "off") as server, server.client() as client:
        answers = [client.post(path, json=body) for path in ("/chat", "/chat/stream")]
        if not size:
            answers.append(client.post("/generate", json={"prompt": "The zebra"}))
            assert [error_of(answer, 502, "UPSTREAM_FAILED")["message"] for answer in answers] == [failed] * 3
            return
        *frames, error, rest = answers[0].text.split("\n\n")
        assert (error, rest) == (f'data: {{"error":"{failed}"}}', "")
        begun = "".join(json.loads(frame.removeprefix("data: "))["content"] for frame in frames)
        assert begun == CHATS[0][1][:size]
        start, data = answers[1].text.split("event: error\ndata: ")
        assert "".join(frame.removeprefix("data: ") for frame in start.split("\n\n")) == begun
        assert json.loads(data)["error"] == "UPSTREAM_FAILED"


# Around.

def test_probes(api):
    assert api.get("/health/live").json() == {"status": "alive"}
    assert api.get("/health/ready").json() == {"status": "ready"}


def test_without_models():
    with serving("examples/ml_api", "--model-path", "/nowhere") as server, server.client() as client:
        assert client.get("/health").json() == {"status": "unhealthy", "model_loaded": False, "gpu_available": False,
                                                "version": "1.0.0"}
        assert client.get("/health/live").status_code == 200
        assert error_of(client.get("/health/ready"), 503, "MODEL_NOT_LOADED")["detail"] == "Model not ready"
        body = error_of(client.post(PREDICT, json=IMAGE), 503, "MODEL_NOT_LOADED")
        assert body["message"] == "Model classifier is not loaded"
        assert error_of(client.post("/embed", json={"text": "a"}), 503, "MODEL_NOT_LOADED")
        for path, name in (("/generate", "prompt"), ("/chat", "message"), ("/chat/stream", "message")):
            body = error_of(client.post(path, json={name: "a"}), 503, "MODEL_NOT_LOADED")
            assert body["message"] == "Model chat is not loaded"
        assert error_of(client.get("/api/v1/models/classifier"), 503, "MODEL_NOT_LOADED")
        job = finished(client, IMAGE)
        assert job["status"] == "failed" and job["error"]["error"] == "MODEL_NOT_LOADED"
        assert any("/nowhere" in line for line in server.err)


def test_settings_of_the_guide_s_env_file(tmp_path):
    shutil.copy(ROOT / "examples/ml_api/.env", tmp_path)
    with serving("examples/ml_api", "--log-level", "off", cwd=tmp_path) as server, server.client() as client:
        assert client.post(PREDICT, json=IMAGE).status_code == 200
    (tmp_path / ".env").write_text(f"MODEL_PATH={tmp_path}/none\n")
    with serving("examples/ml_api", "--log-level", "off", cwd=tmp_path) as server, server.client() as client:
        assert client.get("/health/ready").status_code == 503


def test_request_ids_and_log_lines(served, api):
    answer = api.get("/nowhere", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1" and error_of(answer, 404, "NOT_FOUND")["detail"] == "Not Found"
    line = wait_until(lambda: next((line for line in served.err if "request_id=mine-1 " in line), None))
    assert re.fullmatch(r"Request completed request_id=mine-1 method=GET path=/nowhere status_code=404 "
                        r"duration_ms=\d+\.\d\d", line)
    logged = wait_until(lambda: next((line for line in served.out if '"mine-1"' in line), None))
    assert json.loads(logged)["message"] == "Request completed"


def test_methods(api):
    assert api.head("/health").status_code == 200
    answer = api.get("/embed")
    assert error_of(answer, 405, "METHOD_NOT_ALLOWED")["detail"] == "Method Not Allowed" and "POST" in answer.headers["allow"]
    answer = api.options(PREDICT)
    assert answer.status_code == 204 and "POST" in answer.headers["allow"]


def test_documented(api):
    document = api.get("/openapi.json").json()
    openapi_spec_validator.validate(document)
    assert document["info"] == {"title": "ML Prediction API", "version": "1.0.0"}
    own = [PREDICT, f"{PREDICT}/limited", f"{PREDICT}/async", "/api/v1/jobs/{job_id}", "/api/v1/models/{name}"]
    texts = ["/embed", "/generate", "/chat", "/chat/stream"]
    assert list(document["paths"]) == [*own, *texts, *("/api/v1" + path for path in texts), "/health", "/health/live",
                                       "/health/ready"]
    assert {"PredictionRequest", "Prediction", "PredictionResponse", "TextGenerationRequest", "ChatRequest",
            "EmbedRequest", "JobStatus", "HealthResponse"} <= set(document["components"]["schemas"])
    assert {"200", "400", "404", "422", "503"} <= set(document["paths"][PREDICT]["post"]["responses"])
    assert "202" in document["paths"][f"{PREDICT}/async"]["post"]["responses"]
