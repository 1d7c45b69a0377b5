"""The metrics of language models: what known requests add, where requests are given up, and gauges that come back."""
import json
import re

import pytest

from served import ROOT, serving, wait_until
from wire import request

JSON = (("Content-Type", "application/json"),)
OF_CHAT = '{model_name="chat",engine="0"}'
LONG = {"text_input": "the cat", "max_tokens": 400, "ignore_eos": True}


@pytest.fixture
def chat():
    """A server that nobody has asked yet."""
    with serving("serval", "serve", ROOT / "models/chat", "--log-level", "off") as server:
        skip_without_engine(server)
        yield server


@pytest.fixture
def narrow():
    """One answer at a time."""
    with serving("serval", "serve", ROOT / "models/chat", "--set", "chat.generation.sequences=1",
                 "--log-level", "off") as server:
        skip_without_engine(server)
        yield server


def skip_without_engine(server):
    model = json.loads(server.ask("GET", "/api/v1/models/chat").body)
    if model["state"] != "ready":
        pytest.skip(model["versions"][0].get("reason", model["state"]))


def post(path, body):
    return request("POST", path, JSON, json.dumps(body).encode())


def ask(server, path, body):
    answer = server.ask("POST", path, JSON, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    return answer


def vllm(server, name):
    return server.metrics()[f"vllm:{name}{OF_CHAT}"]


def ended(server):
    """Answers by why they ended."""
    return {re.search('finished_reason="([a-z]+)"', name)[1]: value for name, value in server.metrics().items()
            if name.startswith("vllm:request_success_total")}


def cancelled(server, stage):
    return server.metrics()[f'serval_cancelled_total{{stage="{stage}"}}']


def is_idle(server):
    samples = server.metrics()
    busy = [samples[f"vllm:{name}{OF_CHAT}"] for name in ("num_requests_running", "num_requests_waiting",
                                                         "kv_cache_usage_perc")]
    busy += [samples[name] for name in (
        "llamacpp:requests_processing", "llamacpp:requests_deferred",
        'serval_generation_kv_tokens{model="chat",version="1",state="busy"}', 'serval_queue_depth{model="chat"}',
        'nv_inference_pending_request_count{model="chat",version="1"}')]
    return not any(busy)


def test_all_are_there_before_the_first_request(chat):
    samples = chat.metrics()
    for name in ("prompt_tokens_total", "generation_tokens_total", "prefix_cache_queries_total",
                 "prefix_cache_hits_total", "num_preemptions_total", "time_to_first_token_seconds_count",
                 "time_per_output_token_seconds_count", "inter_token_latency_seconds_count",
                 "e2e_request_latency_seconds_count", "request_queue_time_seconds_count",
                 "request_prompt_tokens_count", "request_generation_tokens_count", "request_params_n_count"):
        assert samples[f"vllm:{name}{OF_CHAT}"] == 0, name
    assert ended(chat) == {"stop": 0, "length": 0, "abort": 0, "error": 0}
    assert samples['serval_generation_slots{model="chat",version="1"}'] == 8
    assert samples['serval_generation_kv_tokens{model="chat",version="1",state="room"}'] == 8 * 512
    wait_until(lambda: is_idle(chat))


def test_every_family_is_described(chat):
    lines = chat.ask("GET", "/metrics").body.decode().splitlines()
    for name in {re.match(r"[a-z_:0-9]+", line)[0] for line in lines if line[:5] in ("vllm:", "llama")}:
        family = re.sub("_(bucket|sum|count)$", "", name)
        assert sum(line.startswith(f"# HELP {family} ") for line in lines) == 1, family
        assert sum(line.startswith(f"# TYPE {family} ") for line in lines) == 1, family


def test_what_an_answer_adds(chat):
    body = json.loads(ask(chat, "/generate", {"prompt": "the cat sat", "max_tokens": 6, "temperature": 0}).body)
    usage, samples = body["usage"], chat.metrics()
    value = {name: samples[f"vllm:{name}{OF_CHAT}"] for name in (
        "prompt_tokens_total", "generation_tokens_total", "prefix_cache_queries_total", "prefix_cache_hits_total",
        "time_to_first_token_seconds_count", "time_per_output_token_seconds_count", "e2e_request_latency_seconds_count",
        "request_prompt_tokens_sum", "request_generation_tokens_sum", "request_params_max_tokens_sum",
        "request_params_n_sum", "time_to_first_token_seconds_sum", "e2e_request_latency_seconds_sum",
        "request_prefill_time_seconds_sum", "request_decode_time_seconds_sum", "request_inference_time_seconds_sum")}
    n = usage["completion_tokens"]
    assert value["prompt_tokens_total"] == value["request_prompt_tokens_sum"] == usage["prompt_tokens"]
    assert value["generation_tokens_total"] == value["request_generation_tokens_sum"] == n
    assert value["prefix_cache_queries_total"] == usage["prompt_tokens"] and value["prefix_cache_hits_total"] == 0
    assert value["time_to_first_token_seconds_count"] == value["e2e_request_latency_seconds_count"] == 1
    assert value["time_per_output_token_seconds_count"] == n - 1
    assert value["request_params_max_tokens_sum"] == 6 and value["request_params_n_sum"] == 1
    assert 0 < value["time_to_first_token_seconds_sum"] <= value["e2e_request_latency_seconds_sum"]
    assert value["request_inference_time_seconds_sum"] == pytest.approx(
        value["request_prefill_time_seconds_sum"] + value["request_decode_time_seconds_sum"], abs=1e-6)
    assert ended(chat)[body["finish_reason"]] == 1 and sum(ended(chat).values()) == 1
    assert samples["llamacpp:prompt_tokens_total"] == usage["prompt_tokens"]
    assert samples["llamacpp:tokens_predicted_total"] == n
    wait_until(lambda: is_idle(chat))


def test_what_the_context_holds_is_not_computed_again(chat):
    prompt = {"prompt": "where does the zebra live? " * 3, "max_tokens": 2, "temperature": 0}
    n = json.loads(ask(chat, "/generate", prompt).body)["usage"]["prompt_tokens"]
    wait_until(lambda: is_idle(chat))
    ask(chat, "/generate", prompt)
    hits = vllm(chat, "prefix_cache_hits_total")
    assert n // 2 < hits < n
    assert chat.metrics()["llamacpp:prompt_tokens_total"] == 2 * n - hits
    assert chat.metrics()['serval_generation_kv_tokens{model="chat",version="1",state="held"}'] > 0


def test_how_answers_end(chat):
    ask(chat, "/v2/models/chat/generate", {**LONG, "max_tokens": 3})
    assert ended(chat) == {"stop": 0, "length": 1, "abort": 0, "error": 0}
    ask(chat, "/v2/models/chat/generate", {"text_input": "the", "stop": "e", "max_tokens": 400, "seed": 1})
    assert ended(chat)["stop"] == 1


def leave(server, bodies):
    """Opens a connection for each, waits until all are taken in, and goes."""
    wires = [server.wire() for _ in bodies]
    for wire, (path, body) in zip(wires, bodies):
        wire.send(post(path, body))
    wait_until(lambda: not is_idle(server) or sum(ended(server).values()))
    for wire in wires:
        wire.socket.close()


def test_the_model_tells_its_load(narrow):
    def told():
        return json.loads(narrow.ask("GET", "/api/v1/models/chat").body)["generation"]

    wait_until(lambda: told()["running"] == 0)  # what warmed it up
    assert told() == {"running": 0, "waiting": 0, "sequences": 1, "context": 512, "kv_tokens": told()["kv_tokens"]}
    wires = [narrow.wire(30) for _ in range(3)]
    for wire in wires:
        wire.send(post("/v2/models/chat/generate", {**LONG, "max_tokens": 100}))
    wait_until(lambda: told()["running"] == 1 or told()["kv_tokens"] >= 100, 30)
    for wire in wires:
        wire.socket.close()
    wait_until(lambda: told()["running"] == told()["waiting"] == 0)
    assert told()["kv_tokens"] > 0


def test_streams_that_are_left(chat):
    def left():
        with chat.wire() as wire:
            wire.send(post("/v2/models/chat/generate_stream", LONG))
            wire.receive()
        return cancelled(chat, "streaming")
    wait_until(left, 30)
    assert ended(chat)["abort"] >= 1
    wait_until(lambda: is_idle(chat))


def test_whole_answers_that_are_left(chat):
    def left():
        leave(chat, [("/v2/models/chat/generate", LONG)])
        return cancelled(chat, "running")
    wait_until(left, 30)
    assert cancelled(chat, "streaming") == 0
    wait_until(lambda: is_idle(chat))


def test_answers_that_are_left_in_line(narrow):
    def left():
        leave(narrow, [("/v2/models/chat/generate", LONG)] * 4)
        return cancelled(narrow, "queued")
    wait_until(left, 30)
    wait_until(lambda: is_idle(narrow))
    failures = narrow.metrics()
    assert failures['nv_inference_request_failure{model="chat",version="1",reason="CANCELED"}'] >= 1


def test_who_is_turned_away_counts_as_that(tmp_path):
    with serving("serval", "serve", ROOT / "models/chat", "--set", "chat.generation.sequences=1", "--set",
                 "chat.generation.waiting=0", "--log-level", "off") as server:
        skip_without_engine(server)
        rejected = 'nv_inference_request_failure{model="chat",version="1",reason="REJECTED"}'

        def refused():
            wires = [server.wire(30) for _ in range(4)]
            for wire in wires:
                wire.send(post("/v2/models/chat/generate", {**LONG, "max_tokens": 30}))
            answers = [wire.answer() for wire in wires]
            for wire in wires:
                wire.socket.close()
            return [answer for answer in answers if answer.status == 503]

        n = len(wait_until(refused, 30))
        samples = server.metrics()
        assert samples[rejected] == n
        assert samples['nv_inference_request_failure{model="chat",version="1",reason="BACKEND"}'] == 0
        assert cancelled(server, "queued") == cancelled(server, "running") == 0
        assert ended(server)["error"] == ended(server)["abort"] == 0
        wait_until(lambda: is_idle(server))


@pytest.mark.parametrize("setting, prefix", [("VLLM", "vllm:"), ("LLAMACPP", "llamacpp:")])
def test_names_that_are_left_out(setting, prefix):
    with serving("serval", "serve", ROOT / "models/chat", env={f"SERVAL_METRICS_{setting}": "false"}) as server:
        assert prefix.encode() not in server.ask("GET", "/metrics").body


def test_a_server_without_language_models_has_no_such_series(digits):
    assert not [name for name in digits.metrics() if name.startswith("vllm:") and 'model_name="digits"' in name]
