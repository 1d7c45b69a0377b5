"""Health, metrics, documentation, logs, settings, commands and signals of the server."""
import json
import os
import re
import signal
import socket
import subprocess
import uuid

import httpx
import pytest

from served import BIN, ROOT, SHARED, environment, serving, wait_until
from wire import request

PNG = (ROOT / "examples" / "pictures" / "digit-7.png").read_bytes()


@pytest.fixture(scope="module")
def served():
    with serving("serval", "serve", ROOT / "models", "--log-format", "json") as server:
        yield server


@pytest.fixture(scope="module")
def client(served):
    with served.client() as client:
        yield client


def run(*args, **options):
    return subprocess.run([BIN / "serval", *map(str, args)], capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize("path, body", [("/health/live", {"status": "alive"}), ("/health/ready", {"status": "ready"}),
                                        ("/health/ready?model=digits", {"status": "ready"})])
def test_probes(client, path, body):
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, body)
    head = client.head(path)
    assert head.status_code == 200 and head.headers["content-length"] == answer.headers["content-length"]


def test_readiness_of_nobody(client):
    assert client.get("/health/ready?model=nobody").status_code == 404


def test_without_models(tmp_path):
    with serving("serval", "serve", "--log-level", "off", cwd=tmp_path) as server:
        with server.client() as client:
            assert client.get("/health").json()["status"] == "unhealthy"
            ready = client.get("/health/ready")
            assert ready.status_code == 503 and ready.json()["detail"] == "Model not ready" and ready.json()["reasons"]
            answer = client.post("/api/v1/predict", content=PNG, headers={"Content-Type": "image/png"})
            assert answer.status_code == 503 and answer.json()["error"] == "MODEL_NOT_LOADED"
            assert "retry-after" in answer.headers


def test_request_ids(client):
    assert client.get("/health", headers={"X-Request-ID": "abc.D-1:/+=@_"}).headers["x-request-id"] == "abc.D-1:/+=@_"
    for bad in ("a b", "x" * 129, "ä", "a\tb"):
        made = client.get("/health", headers={"X-Request-ID": bad.encode()}).headers["x-request-id"]
        assert str(uuid.UUID(made)) == made
    for path in ("/nowhere", "/health/", "/openapi.json"):
        assert client.get(path).headers["x-request-id"]


def test_methods_and_paths(client):
    answer = client.request("POST", "/health")
    assert answer.status_code == 405 and answer.json()["detail"] == "Method Not Allowed"
    assert {"GET", "HEAD", "OPTIONS"} == {word.strip() for word in answer.headers["allow"].split(",")}
    answer = client.options("/api/v1/predict")
    assert answer.status_code == 204 and "POST" in answer.headers["allow"] and not answer.content
    answer = client.get("/nowhere")
    assert answer.status_code == 404 and answer.json()["detail"] == "Not Found"
    answer = client.get("/health/?a=b")
    assert answer.status_code == 307 and answer.headers["location"] == "/health?a=b"
    assert client.head("/api/v1/predict").status_code == 405
    assert client.request("BREW", "/health").status_code == 501


def test_host_names(client, served):
    for host, status in (("localhost", 200), ("127.0.0.1", 200), (f"localhost:{served.port}", 200), ("evil.example", 400)):
        assert client.get("/health", headers={"Host": host}).status_code == status, host


def parse_metrics(text: str) -> dict:
    """Samples by name and labels; checks the format on the way."""
    samples, types, current = {}, {}, None
    assert text.endswith("\n") and "\r" not in text
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and name not in types
            types[name] = kind
        else:
            match = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)', line)
            assert match, line
            assert match[1].startswith(current), line
            key = (match[1], match[2] or "")
            assert key not in samples
            samples[key] = float(match[3])
    return samples


def scrape(client) -> dict:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parse_metrics(answer.text)


def total(samples) -> float:
    return sum(value for (name, _), value in samples.items() if name == "http_requests_total")


def test_metrics_count_every_answer_once(client, served):
    before = scrape(client)
    for _ in range(5):
        client.get("/health")
    client.get("/nowhere")
    client.post("/api/v1/predict", content=PNG, headers={"Content-Type": "image/png"})
    with served.wire() as wire:
        assert wire.send(b"NONSENSE\r\n\r\n").answer().status == 400
    after = scrape(client)
    assert total(after) - total(before) == 5 + 1 + 1 + 1 + 1  # and the first scrape
    health = ("http_requests_total", '{handler="/health",method="GET",status="2xx"}')
    assert after[health] - before.get(health, 0) == 5
    for name, labels in list(after):
        if name.endswith("_count") and (name[:-6] + "_bucket", "") or name.endswith("_bucket"):
            continue
    inf = {(name, labels): value for (name, labels), value in after.items() if 'le="+Inf"' in labels}
    for (name, labels), value in inf.items():
        bare = re.sub(r',?le="\+Inf"', "", labels)
        assert after[(name.replace("_bucket", "_count"), "" if bare == "{}" else bare)] == value


def test_metrics_do_not_grow_with_what_clients_make_up(client):
    for _ in range(2):
        client.get("/made/up/0")
        client.request("BREW", "/health")
    before = set(scrape(client))
    for number in range(20):
        client.get(f"/made/up/{number}")
        client.request(f"BREW{number}", "/health")
        client.post(f"/api/v1/predict?model=m{number}&model_version=v{number}", content=PNG,
                    headers={"Content-Type": "image/png"})
    new = set(scrape(client)) - before
    assert all("/api/v1/predict" in labels for _, labels in new), new
    assert client.head("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405
    assert client.get("/metrics", headers={"Accept": "application/json"}).status_code == 200


def test_clients_that_leave_are_forgotten_at_once(client, served):
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
    for _ in range(15):
        wires = [served.wire().send(head % len(PNG) + PNG) for _ in range(100)]
        for wire in wires:
            wire.socket.close()
    samples = scrape(client)
    assert samples[("http_requests_inprogress", "")] == 1  # the scrape itself
    assert samples[("serval_connections", '{state="active"}')] == 1


def test_openapi_is_valid_and_tells_every_status(client):
    api = client.get("/openapi.json").json()
    assert api["openapi"] == "3.1.0" and api["info"]["title"] == "ML API"
    predict = api["paths"]["/api/v1/predict"]["post"]
    assert predict["operationId"] == "predict_api_v1_predict_post"
    assert {"200", "400", "404", "405", "413", "415", "422", "500", "503", "504"} <= set(predict["responses"])
    assert {"application/json", "image/*"} <= set(predict["requestBody"]["content"])
    assert {"PredictionRequest", "PredictionResponse", "Prediction", "HealthResponse", "HTTPValidationError",
            "ValidationError"} <= set(api["components"]["schemas"])
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")
    validator.validate(api)


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_pages_need_no_internet(client, page):
    answer = client.get(page)
    assert answer.status_code == 200 and "http" not in answer.text.lower().replace("http-equiv", "")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    for name in re.findall(r'(?:src|href)="(docs/assets/[^"]+)"', answer.text):
        assert client.get("/" + name).status_code == 200


def test_access_log(client, served):
    mark = f"log-{uuid.uuid4()}"
    client.get("/nowhere%0A?token=secret&a=b", headers={"X-Request-ID": mark, "Authorization": "Bearer hidden",
                                                       "User-Agent": 'x"\\y'})
    line = wait_until(lambda: next((line for line in served.out if mark in line), None))
    entry = json.loads(line)
    assert (entry["message"], entry["level"], entry["method"], entry["status_code"]) == \
        ("Request completed", "info", "GET", 404)
    assert entry["route"] == "none" and entry["user_agent"] == 'x"\\y' and entry["duration_ms"] >= 0
    assert "secret" not in line and "hidden" not in line
    for line in served.out:
        json.loads(line)


def test_text_log_on_stdout(tmp_path):
    with serving("serval", "serve", ROOT / "models", "--log-format", "text", cwd=tmp_path) as server:
        httpx.get(server.url + "/health?key=secret", headers={"X-Request-ID": "one"})
        line = wait_until(lambda: next((line for line in server.out if "id=one" in line), None))
    assert re.match(r'INFO:     127\.0\.0\.1:\d+ - "GET /health\?key=\*\*\* HTTP/1\.1" 200 OK id=one \d+\.\d\dms', line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain_finishes_what_is_in_flight(number):
    with serving("serval", "serve", ROOT / "models", "--log-level", "off", "--body-timeout", "5s") as server:
        sent = request("POST", "/api/v1/predict", [("Content-Type", "image/png")], PNG)
        with server.wire() as wire, server.wire() as idle:
            wire.send(sent[:1000])
            wait_until(lambda: server.metrics()['serval_connections{state="active"}'] == 2)  # and the scrape
            server.process.send_signal(number)
            assert idle.is_closed(2)
            answer = wire.send(sent[1000:]).answer()
            assert answer.status == 200 and answer["Connection"] == "close" and b'"label":"7"' in answer.body
        assert server.process.wait(1) == 0
        with pytest.raises(OSError):
            server.wire(1)


def test_unix_socket(tmp_path):
    path = tmp_path / "serval.sock"
    for _ in range(2):
        with serving("serval", "serve", ROOT / "models", "--uds", str(path), "--log-level", "off") as server:
            assert server.uds == str(path)
            transport = httpx.HTTPTransport(uds=str(path))
            with httpx.Client(transport=transport, base_url="http://localhost") as client:
                assert client.get("/health").status_code == 200
        assert not path.exists()
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(str(path))  # what a server that was killed leaves behind


def test_several_loops():
    with serving("serval", "serve", ROOT / "models", "--io-threads", "4", "--log-level", "off") as server:
        with server.client() as client:
            assert all(httpx.get(server.url + "/health").status_code == 200 for _ in range(20))
            assert scrape(client)[("http_requests_inprogress", "")] == 1


def test_port_in_use(served):
    out = run("serve", ROOT / "models", "--port", served.port)
    assert out.returncode == 1 and "Address already in use" in out.stderr and "--port" in out.stderr


@pytest.mark.parametrize("args, code, words", [
    (("serve", "--prot", "1"), 2, "did you mean --port"), (("serve", "--port"), 2, "no value"),
    (("serve", "--port", "x"), 1, "port"), (("serve", "--port", "70000"), 1, "65535"),
    (("serve", "missing.onnx"), 1, "missing.onnx"), (("nonsense",), 2, "nonsense"), ((), 2, "Usage"),
    (("serve", "--log-level", "loud"), 1, "debug"), (("serve", "--config", "none.yaml"), 1, "none.yaml"),
    (("check", "missing"), 1, "missing")])
def test_mistakes_are_explained(args, code, words, tmp_path):
    out = run(*args, cwd=tmp_path)
    assert (out.returncode, out.stdout) == (code, "")
    assert words in out.stderr


@pytest.mark.parametrize("ending", [".pt", ".pth", ".h5", ".pkl", ".safetensors"])
def test_files_of_frameworks_get_their_export_line(ending, tmp_path):
    (tmp_path / f"model{ending}").write_bytes(b"x")
    out = run("serve", f"model{ending}", cwd=tmp_path)
    assert out.returncode == 1 and "export" in out.stderr and f"model{ending}" in out.stderr


def title_with(tmp_path, *args, env=None) -> str:
    out = run("openapi", ROOT / "models", *args, cwd=tmp_path,
              env={"PATH": os.environ["PATH"], **(env or {})})
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)["info"]["title"]


def test_settings_come_in_order(tmp_path):
    assert title_with(tmp_path) == "ML API"
    (tmp_path / "serval.yaml").write_text("app_name: from yaml\n")
    assert title_with(tmp_path) == "from yaml"
    (tmp_path / ".env").write_text("# comment\nexport App_Name='from env file'\nFOREIGN=1\n")
    assert title_with(tmp_path) == "from env file"
    assert title_with(tmp_path, env={"SERVAL_APP_NAME": "from environment"}) == "from environment"
    assert title_with(tmp_path, "--app-name", "from flag", env={"SERVAL_APP_NAME": "x"}) == "from flag"


def test_settings_mistakes_name_their_place(tmp_path):
    (tmp_path / "serval.yaml").write_text("app_name: x\nmax_bodysize: 1\nport: abc\n")
    (tmp_path / ".env").write_text("WORKERS=many\nSERVAL_NONSENSE=1\n")
    out = run("serve", cwd=tmp_path, env={"PATH": os.environ["PATH"], "SERVAL_HOTS": "x"})
    assert out.returncode == 1
    for words in ("serval.yaml:2", "max_body_size", "serval.yaml:3", ".env:1", ".env:2", "SERVAL_HOTS", "host"):
        assert words in out.stderr, out.stderr


def test_the_guides_env_file_and_kubernetes(tmp_path):
    (tmp_path / ".env").write_text("APP_NAME=ML API\nDEBUG=false\nMAX_BATCH_SIZE=32\nREQUEST_TIMEOUT=30\nWORKERS=4\n"
                                   "DATABASE_URL=x\n")
    env = {"PATH": os.environ["PATH"], "SERVAL_SERVICE_HOST": "10.0.0.1", "SERVAL_PORT": "tcp://10.0.0.1:80",
           "SERVAL_PORT_80_TCP": "x"}
    out = run("check", ROOT / "models", cwd=tmp_path, env=env)
    assert out.returncode == 0, out.stderr


def test_commands(tmp_path):
    out = run("check", ROOT / "models")
    assert out.returncode == 0 and out.stdout.count("ok") == 2
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    out = run("check", tmp_path / "bad.onnx")
    assert out.returncode == 1 and "FAILED bad version 1" in out.stdout
    out = run("models", ROOT / "models")
    assert out.returncode == 0 and "image-classification" in out.stdout and "FP32 [-1,1,28,28]" in out.stdout
    listed = json.loads(run("models", "--json", ROOT / "models").stdout)["models"]
    assert listed[0]["name"] == "digits" and [v["version"] for v in listed[0]["versions"]] == ["1", "2"]
    out = run("version")
    assert out.returncode == 0 and "ONNX Runtime 1." in out.stdout
    for command in ("serve", "check", "models", "openapi"):
        out = run(command, "--help")
        assert out.returncode == 0 and "--max-body-size" in out.stdout and not out.stderr


def test_manifest_printed_by_models_means_the_same(tmp_path):
    """`serval models` prints the model.yaml that says what was guessed."""
    if not SHARED.exists():
        pytest.skip("../shared is not there")
    source = SHARED / "models" / "digits" / "mnist"
    text = run("models", source).stdout
    manifest = text.split("model.yaml:\n")[1]
    model = tmp_path / "mnist"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.onnx").symlink_to(source / "1" / "model.onnx")
    (model / "model.yaml").write_text("\n".join(line[4:] for line in manifest.splitlines()))
    again = run("models", model)
    assert again.returncode == 0, again.stderr + again.stdout
    assert again.stdout.split("model.yaml:\n")[1] == manifest
