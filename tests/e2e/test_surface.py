"""Health, documentation, logs, settings, commands and signals of the server. Metrics: test_metrics.py."""
import json
import re
import socket
import subprocess
import uuid

import httpx
import openapi_spec_validator
import pytest

from served import BIN, ROOT, SHARED, environment, serving, wait_until

PNG = (ROOT / "examples" / "pictures" / "digit-7.png").read_bytes()


@pytest.fixture(scope="module")
def served():
    with serving("serval", "serve", ROOT / "models", "--log-format", "json") as server:
        yield server


@pytest.fixture(scope="module")
def client(served):
    with served.client() as client:
        yield client


def run(*args, cwd=None, env=None):
    return subprocess.run([BIN / "serval", *map(str, args)], capture_output=True, text=True, timeout=60, cwd=cwd,
                          env=environment(env), check=False)


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


def test_openapi_is_valid_and_tells_every_status(client):
    api = client.get("/openapi.json").json()
    assert api["openapi"] == "3.1.0" and api["info"]["title"] == "ML API"
    predict = api["paths"]["/api/v1/predict"]["post"]
    assert predict["operationId"] == "predict_api_v1_predict_post"
    assert {"200", "400", "404", "405", "413", "415", "422", "500", "503", "504"} <= set(predict["responses"])
    assert {"application/json", "image/*"} <= set(predict["requestBody"]["content"])
    assert {"PredictionRequest", "PredictionResponse", "Prediction", "HealthResponse", "HTTPValidationError",
            "ValidationError"} <= set(api["components"]["schemas"])
    openapi_spec_validator.validate(api)


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
        assert all(server.ask("GET", "/health").status == 200 for _ in range(20))
        samples = server.metrics()
        assert samples["http_requests_inprogress"] == 1
        assert samples['http_requests_total{handler="/health",method="GET",status="2xx"}'] == 20


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
    out = run("openapi", ROOT / "models", *args, cwd=tmp_path, env=env)
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
    out = run("serve", cwd=tmp_path, env={"SERVAL_HOTS": "x"})
    assert out.returncode == 1
    for words in ("serval.yaml:2", "max_body_size", "serval.yaml:3", ".env:1", ".env:2", "SERVAL_HOTS", "host"):
        assert words in out.stderr, out.stderr


def test_the_guides_env_file_and_kubernetes(tmp_path):
    (tmp_path / ".env").write_text("APP_NAME=ML API\nDEBUG=false\nMAX_BATCH_SIZE=32\nREQUEST_TIMEOUT=30\nWORKERS=4\n"
                                   "DATABASE_URL=x\n")
    env = {"SERVAL_SERVICE_HOST": "10.0.0.1", "SERVAL_PORT": "tcp://10.0.0.1:80",
           "SERVAL_PORT_80_TCP": "x"}
    out = run("check", ROOT / "models", cwd=tmp_path, env=env)
    assert out.returncode == 0, out.stderr


def test_commands(tmp_path):
    out = run("check", ROOT / "models")
    assert out.returncode == 0 and out.stdout.count("ok") == 4
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    out = run("check", tmp_path / "bad.onnx")
    assert out.returncode == 1 and "FAILED bad version 1" in out.stdout
    out = run("models", ROOT / "models")
    assert out.returncode == 0 and "image-classification" in out.stdout and "FP32 [-1,1,28,28]" in out.stdout
    listed = json.loads(run("models", "--json", ROOT / "models").stdout)["models"]
    assert {model["name"]: [version["version"] for version in model["versions"]] for model in listed} == \
        {"chat": ["1"], "digits": ["1", "2"], "embedder": ["1"]}
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


@pytest.mark.parametrize("value", ["pre", "/pre/", "//evil", "/a b"])
def test_root_path_must_be_a_path(value):
    out = run("openapi", ROOT / "models", "--root-path", value)
    assert out.returncode == 1 and "root_path" in out.stderr
