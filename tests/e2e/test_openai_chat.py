"""Chats and completions with OpenAI's client, and byte by byte; every object and chunk is held against the client's own
types. The model is models/chat, whose EXPECTED.json says what it answers."""
import asyncio
import json
import typing

import openai
import pydantic
import pytest
from openai.types import Completion, CompletionChoice
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from openai_served import JSON, check, make_async_client, make_client, post, read
from served import ROOT, serving, wait_until

EXPECTED = json.loads((ROOT / "models/chat/EXPECTED.json").read_text())["chats"]
SAFE = [case for case in EXPECTED if case["safe"]]
ZEBRA = [{"role": "user", "content": "Where does the zebra live?"}]
ASK = {"messages": ZEBRA, "temperature": 0}
ANSWER = "The zebra lives in the meadow."
WEATHER = {"type": "function", "function": {"name": "weather", "description": "How it is outside", "parameters": {
    "type": "object", "properties": {"place": {"type": "string", "maxLength": 8},
                                     "unit": {"type": "string", "enum": ["C", "F"]}},
    "required": ["place", "unit"], "additionalProperties": False}}}
TIME = {"type": "function", "function": {"name": "time"}}
# Calls of a model that knows no tools are shaped by the grammar alone, and leave little of its context.
FORCED = {"messages": [{"role": "user", "content": "Hello!"}], "tools": [WEATHER], "seed": 5, "max_tokens": 150}


class ChunkChoice(CompletionChoice):
    """Chunks share the type of whole completions, which demands a reason; OpenAI's own streams, which the client reads
    without validation, say null until a choice ends."""
    finish_reason: typing.Optional[typing.Literal["stop", "length", "content_filter"]]


class CompletionChunk(Completion):
    choices: typing.List[ChunkChoice]


@pytest.fixture(scope="module")
def served():
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as server:
        yield server


@pytest.fixture(scope="module")
def client(served):
    with make_client(served) as it:
        yield it


def chat(server, **more):
    """The answer, checked."""
    answer = post(server, "/v1/chat/completions", {**ASK, **more})
    assert answer.status == 200, answer.body
    assert answer["X-Request-ID"]
    return check(ChatCompletion, read(answer))


def complete(server, **more):
    answer = post(server, "/v1/completions", {"temperature": 0, **more})
    assert answer.status == 200, answer.body
    return check(Completion, read(answer))


def stream(server, path, kind, **more) -> list:
    """The chunks, checked one by one and together."""
    answer = post(server, path, {"temperature": 0, "stream": True, **more})
    assert answer.status == 200, answer.body
    assert answer["Content-Type"].startswith("text/event-stream")
    assert "no-cache" in answer["Cache-Control"] and answer["X-Accel-Buffering"] == "no"
    text = answer.body.decode()
    assert "\r" not in text and text.endswith("\n\n") and not text.endswith("\n\n\n")
    frames = [frame for frame in text.removesuffix("\n\n").split("\n\n") if frame != ":"]
    assert frames.pop() == "data: [DONE]" and all(frame.startswith("data: {") for frame in frames)
    chunks = [check(kind, json.loads(frame.removeprefix("data: "))) for frame in frames]
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    ended = set()
    for chunk in chunks:
        for choice in chunk.choices:
            assert choice.index not in ended
            if choice.finish_reason:
                ended.add(choice.index)
    assert ended == {choice.index for chunk in chunks for choice in chunk.choices}
    return chunks


def stream_chat(server, **more):
    chunks = stream(server, "/v1/chat/completions", ChatCompletionChunk, **{**ASK, **more})
    seen = set()
    for chunk in chunks:
        for choice in chunk.choices:
            assert (choice.delta.role == "assistant") == (choice.index not in seen)
            seen.add(choice.index)
    return chunks


def join(chunks, index=0) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == index)


# Chats.

@pytest.mark.parametrize("case", SAFE, ids=lambda case: case["messages"][-1]["content"])
def test_answers_are_those_of_the_model(served, case):
    answer = chat(served, messages=case["messages"])
    choice = answer.choices[0]
    assert choice.message.content == case["text"] and choice.finish_reason == "stop"
    assert choice.message.refusal is None and choice.logprobs is None
    assert answer.usage.prompt_tokens == case["prompt_tokens"]
    assert answer.usage.completion_tokens == len(case["tokens"])
    assert answer.usage.total_tokens == case["prompt_tokens"] + len(case["tokens"])
    assert join(stream_chat(served, messages=case["messages"])) == case["text"]


def test_members_are_there_as_null(served):
    choice = read(post(served, "/v1/chat/completions", ASK))["choices"][0]
    assert choice["logprobs"] is None and choice["message"]["refusal"] is None
    assert "tool_calls" not in choice["message"]


def test_the_client(client):
    for model in ("chat", "chat:1", ""):
        answer = client.chat.completions.create(model=model, messages=ZEBRA, temperature=0)
        assert answer.choices[0].message.content == ANSWER and answer.model == "chat" and answer._request_id
    with client.chat.completions.create(model="chat", messages=ZEBRA, temperature=0, stream=True) as chunks:
        assert join(list(chunks)) == ANSWER
    with client.chat.completions.stream(model="chat", messages=ZEBRA, temperature=0) as events:
        assert events.get_final_completion().choices[0].message.content == ANSWER


def test_many_at_once(served):
    async def ask(client, case):
        chunks = await client.chat.completions.create(model="chat", messages=case["messages"], temperature=0,
                                                      stream=True)
        return join([chunk async for chunk in chunks]) == case["text"]

    async def ask_all():
        async with make_async_client(served) as client:
            assert [model.id async for model in client.models.list()]
            return await asyncio.gather(*(ask(client, case) for case in SAFE * 3))

    assert all(asyncio.run(ask_all()))


def test_usage_comes_last(served):
    chunks = stream_chat(served, stream_options={"include_usage": True})
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens == 14
    assert chunks[-1].usage.completion_tokens == 8 and chunks[-1].usage.total_tokens == 22
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in chunks[:-1])
    assert all(chunk.choices for chunk in stream_chat(served))


def test_choices(served):
    answer = chat(served, n=3, temperature=1.5, seed=4, max_tokens=12)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.prompt_tokens == 14 and answer.usage.completion_tokens <= 36
    chunks = stream_chat(served, n=3, temperature=1.5, seed=4, max_tokens=12)
    assert {choice.index for chunk in chunks for choice in chunk.choices} == {0, 1, 2}
    again = chat(served, n=3, temperature=1.5, seed=4, max_tokens=12)
    assert [choice.message.content for choice in again.choices] == [c.message.content for c in answer.choices]
    others = {chat(served, temperature=1.9, seed=seed, max_tokens=12).choices[0].message.content for seed in range(8)}
    assert len(others) > 1


@pytest.mark.parametrize("more, text, reason", [
    ({"stop": " lives"}, "The zebra", "stop"),
    ({"stop": ["zz", "ra li"]}, "The zeb", "stop"),
    ({"stop": [""]}, ANSWER, "stop"),
    ({"max_tokens": 2}, "The zebra", "length"),
    ({"max_tokens": 200, "max_completion_tokens": 2}, "The zebra", "length"),
    ({"stop": None, "max_tokens": None, "seed": None, "tools": None, "n": None, "unknown": [1]}, ANSWER, "stop"),
    ({"logit_bias": {"33": 100}, "max_tokens": 3}, "!!!", "length"),
    ({"response_format": {"type": "text"}, "user": "me", "metadata": {"a": "b"}, "store": False}, ANSWER, "stop"),
])
def test_limits(served, more, text, reason):
    more = {key: value for key, value in more.items()}
    if "logit_bias" in more:
        token = read(post(served, "/tokenize", {"content": "!"}))["tokens"][0]
        more["logit_bias"] = {str(token): 100}
    choice = chat(served, **more).choices[0]
    assert (choice.message.content, choice.finish_reason) == (text, reason)
    chunks = stream_chat(served, **more)
    assert join(chunks) == text
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [reason]


def test_logprobs(served):
    answer = chat(served, logprobs=True, top_logprobs=3).choices[0]
    tokens = answer.logprobs.content
    assert b"".join(bytes(token.bytes) for token in tokens).decode().startswith(ANSWER)
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        assert token.top_logprobs[0].token == token.token  # greedy
        assert [top.logprob for top in token.top_logprobs] == sorted((t.logprob for t in token.top_logprobs),
                                                                     reverse=True)
    streamed = [token for chunk in stream_chat(served, logprobs=True, top_logprobs=3) for choice in chunk.choices
                if choice.logprobs for token in choice.logprobs.content]
    assert [token.token for token in streamed] == [token.token for token in tokens]
    assert [t.logprob for t in streamed] == pytest.approx([t.logprob for t in tokens], abs=0.05)
    assert not chat(served, logprobs=True).choices[0].logprobs.content[0].top_logprobs


# Formats and tools.

class Animal(pydantic.BaseModel):
    legs: int
    kind: typing.Literal["cat", "dog"]


def test_formats(served, client):
    answer = chat(served, response_format={"type": "json_object"}, max_tokens=200).choices[0]
    if answer.finish_reason == "stop":
        assert isinstance(json.loads(answer.message.content), dict)
    schema = {"type": "object", "properties": {"kind": {"enum": ["cat", "dog"]}, "tame": {"type": "boolean"}},
              "required": ["kind", "tame"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "animal", "schema": schema, "strict": True}}
    for seed in range(4):
        answer = chat(served, response_format=form, temperature=1, seed=seed, max_tokens=100).choices[0]
        assert answer.finish_reason == "stop"
        value = json.loads(answer.message.content)
        assert list(value) == ["kind", "tame"] and value["kind"] in ("cat", "dog") and isinstance(value["tame"], bool)
    assert join(stream_chat(served, response_format=form, max_tokens=100)).startswith("{")
    cut = chat(served, response_format=form, max_tokens=2).choices[0]
    assert cut.finish_reason == "length"
    parsed = client.chat.completions.parse(model="chat", messages=ZEBRA, response_format=Animal, seed=1, max_tokens=100)
    assert parsed.choices[0].message.parsed.kind in ("cat", "dog")


def check_call(call, name="weather"):
    assert call.type == "function" and call.id.startswith("call_") and call.function.name == name
    value = json.loads(call.function.arguments)
    if name == "weather":
        assert list(value) == ["place", "unit"] and value["unit"] in ("C", "F") and isinstance(value["place"], str)


def join_calls(chunks) -> dict:
    """Names and arguments by index."""
    calls = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                if call.index not in calls:
                    assert call.id and call.type == "function" and call.function.arguments == ""
                    calls[call.index] = [call.function.name, ""]
                else:
                    assert call.id is None and call.function.name is None
                    calls[call.index][1] += call.function.arguments
    return calls


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_forced_calls(served, choice):
    answer = chat(served, **FORCED, tool_choice=choice).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.content is None
    assert len(answer.message.tool_calls) == 1
    check_call(answer.message.tool_calls[0])
    chunks = stream_chat(served, **FORCED, tool_choice=choice)
    assert join(chunks) == ""
    calls = join_calls(chunks)
    assert list(calls) == [0] and calls[0][0] == "weather" and list(json.loads(calls[0][1])) == ["place", "unit"]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert len(chunks) > 6


def test_a_choice_of_several(served, client):
    answer = client.chat.completions.create(model="chat", **{**FORCED, "tools": [WEATHER, TIME]}, tool_choice={
        "type": "function", "function": {"name": "time"}}).choices[0]
    check_call(answer.message.tool_calls[0], "time")
    with client.chat.completions.stream(model="chat", **FORCED, tool_choice="required") as events:
        final = events.get_final_completion().choices[0]
    check_call(final.message.tool_calls[0])


def test_calls_that_are_cut(served):
    cut = {**FORCED, "max_tokens": 3}
    assert chat(served, **cut, tool_choice="required").choices[0].finish_reason == "length"
    assert stream_chat(served, **cut, tool_choice="required")[-1].choices[0].finish_reason == "length"


def test_tools_that_are_not_used(served):
    for more in ({}, {"tool_choice": "auto"}, {"tool_choice": "none"}):
        answer = chat(served, tools=[WEATHER], max_tokens=20, **more).choices[0]
        assert answer.message.content and not answer.message.tool_calls
        assert join(stream_chat(served, tools=[WEATHER], max_tokens=20, **more)) == answer.message.content


def test_results_of_calls(served):
    call = {"id": "call_1", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    answer = chat(served, max_tokens=8, messages=[*ZEBRA, {"role": "assistant", "content": None, "tool_calls": [call]},
                                                  {"role": "tool", "tool_call_id": "call_1", "content": "noon"}])
    assert answer.usage.prompt_tokens > 14


# Completions.

def test_completions(served, client):
    answer = complete(served, prompt="The zebra lives in", max_tokens=4)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 4
    assert answer.choices[0].logprobs is None
    assert complete(served, prompt="The").usage.completion_tokens == 16
    chunks = stream(served, "/v1/completions", CompletionChunk, prompt="The zebra lives in", max_tokens=4)
    assert "".join(chunk.choices[0].text for chunk in chunks) == answer.choices[0].text
    assert client.completions.create(model="chat", prompt="The zebra lives in", max_tokens=4,
                                     temperature=0).choices[0].text == answer.choices[0].text


def test_prompts(served):
    texts = ["The zebra", "The lion"]
    tokens = [read(post(served, "/tokenize", {"prompt": text}))["tokens"] for text in texts]
    alone = [complete(served, prompt=text, max_tokens=5).choices[0].text for text in texts]
    assert complete(served, prompt=tokens[0], max_tokens=5).choices[0].text == alone[0]
    for prompt in (texts, tokens):
        answer = complete(served, prompt=prompt, max_tokens=5, n=2)
        assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
        assert [choice.text for choice in answer.choices] == [alone[0]] * 2 + [alone[1]] * 2
        assert answer.usage.prompt_tokens == sum(map(len, tokens)) and answer.usage.completion_tokens == 20
        echoed = complete(served, prompt=prompt, max_tokens=5, echo=True)
        assert [choice.text for choice in echoed.choices] == [a + b for a, b in zip(texts, alone)]
        chunks = stream(served, "/v1/completions", CompletionChunk, prompt=prompt, max_tokens=5, echo=True)
        assert "".join(c.choices[0].text for c in chunks if c.choices[0].index == 1) == texts[1] + alone[1]


@pytest.mark.parametrize("echo", [False, True])
def test_legacy_logprobs(served, echo):
    ask = {"prompt": "The zebrä", "max_tokens": 6, "logprobs": 2, "echo": echo}
    choice = complete(served, **ask).choices[0]
    logprobs = choice.logprobs
    chunks = stream(served, "/v1/completions", CompletionChunk, **ask)
    assert "".join(chunk.choices[0].text for chunk in chunks) == choice.text
    streamed = [chunk.choices[0].logprobs for chunk in chunks if chunk.choices[0].logprobs]
    for names in (logprobs.tokens, [token for one in streamed for token in one.tokens]):
        assert "".join(names) == choice.text[9 if echo else 0:]
    for offsets in (logprobs.text_offset, [offset for one in streamed for offset in one.text_offset]):
        for token, offset in zip(logprobs.tokens, offsets):
            assert choice.text[offset:].startswith(token)
    assert all(len(top) == 2 for top in logprobs.top_logprobs) and all(x <= 0 for x in logprobs.token_logprobs)


def test_token_helpers(served):
    for name, begins in (("content", False), ("prompt", True)):
        answer = read(post(served, "/tokenize", {name: "Hello zebra", "model": "chat"}))
        assert answer["count"] == len(answer["tokens"]) > 1 and answer["max_model_len"] == 512
        back = read(post(served, "/detokenize", {"tokens": answer["tokens"]}))
        assert back["content"] == back["prompt"] == "Hello zebra"
    for path, body in (("/tokenize", {}), ("/tokenize", {"content": 5}), ("/detokenize", {"tokens": [640]}),
                       ("/detokenize", {"tokens": [-1]}), ("/detokenize", {}), ("/tokenize", {"prompt": "x", "model": "digits"})):
        assert post(served, path, body).status == 400
    assert post(served, "/tokenize", {"content": "", "model": "chat"}).status == 200


# Errors.

LONG = "zebra " * 2000


@pytest.mark.parametrize("more, status, param, code", [
    ({"model": "nope"}, 404, "model", "model_not_found"),
    ({"model": "chat:9"}, 404, "model", "model_not_found"),
    ({"model": "digits"}, 400, "model", "invalid_value"),
    ({"model": 5}, 400, "model", "invalid_type"),
    ({"messages": []}, 400, "messages", None),
    ({"messages": None}, 400, "messages", "missing_required_parameter"),
    ({"messages": [{"role": "robot", "content": "x"}]}, 400, None, None),
    ({"messages": [{"role": "user", "content": LONG}]}, 400, "messages", "context_length_exceeded"),
    ({"temperature": 3}, 400, "temperature", "invalid_value"),
    ({"temperature": True}, 400, "temperature", "invalid_type"),
    ({"top_p": "1"}, 400, "top_p", "invalid_type"),
    ({"n": 0}, 400, "n", "invalid_value"),
    ({"n": 1000}, 400, "n", "invalid_value"),
    ({"max_tokens": 0}, 400, "max_tokens", "invalid_value"),
    ({"top_logprobs": 2}, 400, "top_logprobs", "invalid_value"),
    ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs", "invalid_value"),
    ({"logit_bias": {"640": 1}}, 400, "logit_bias", "invalid_value"),
    ({"logit_bias": {"1": 101}}, 400, "logit_bias", "invalid_value"),
    ({"stop": 5}, 400, "stop", "invalid_type"),
    ({"grammar": 'root ::= "a"'}, 400, "grammar", "invalid_value"),
    ({"structured_outputs": {"choice": ["a"]}}, 400, "structured_outputs", "invalid_value"),
    ({"tools": []}, 400, "tools", "invalid_value"),
    ({"tool_choice": "required"}, 400, "tool_choice", "invalid_value"),
    ({"response_format": {"type": "xml"}}, 400, "response_format.type", "invalid_value"),
    ({"response_format": {"type": "json_schema"}}, 400, "response_format.json_schema", None),
])
@pytest.mark.parametrize("streams", [False, True])
def test_chat_errors(served, more, status, param, code, streams):
    answer = post(served, "/v1/chat/completions", {**ASK, **more, "stream": streams})
    assert answer.status == status, answer.body
    error = read(answer)["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["type"] == "invalid_request_error"
    assert param is None or error["param"] == param
    assert code is None or error["code"] == code
    if code == "context_length_exceeded":
        assert "512" in error["message"] and "513" in error["message"]


@pytest.mark.parametrize("more, param", [
    ({"prompt": LONG}, "prompt"), ({"prompt": [1] * 512}, "prompt"), ({"prompt": [640]}, "prompt"),
    ({"prompt": []}, "prompt"), ({"prompt": {}}, "prompt"), ({}, "prompt"), ({"prompt": ["x", [1]]}, "prompt"),
    ({"prompt": "x", "best_of": 3}, "best_of"), ({"prompt": "x", "suffix": "y"}, "suffix"),
    ({"prompt": "x", "logprobs": 6}, "logprobs"), ({"prompt": ["x"] * 9, "n": 2}, "n"),
    ({"prompt": "x", "stream_options": {"include_usage": True}}, "stream_options"),
])
def test_completion_errors(served, more, param):
    answer = post(served, "/v1/completions", more)
    assert answer.status == 400, answer.body
    assert read(answer)["error"]["param"] == param


def test_wrong_ways(served):
    assert served.ask("GET", "/v1/chat/completions").status == 405
    assert post(served, "/v1/chat/completions", b"{}", (("Content-Type", "text/plain"),)).status == 415
    assert post(served, "/v1/chat/completions", b'{"stream":true').status == 400


# Load.

LONG_CHAT = {"messages": ZEBRA, "n": 16, "ignore_eos": True, "max_tokens": 480}


@pytest.fixture(scope="module")
def narrow():
    """One answer at a time; few may wait."""
    with serving("serval", "serve", ROOT / "models", "--log-level", "off", "--set", "chat.generation.sequences=1",
                 "--set", "chat.generation.waiting=20") as server:
        yield server


def count(server, name):
    return sum(value for key, value in server.metrics().items() if key.split("{")[0] == name)


def test_streams_that_are_closed_are_cancelled(narrow):
    with make_client(narrow) as client:
        chunks = client.chat.completions.create(model="chat", messages=ZEBRA, n=16, max_tokens=480, stream=True,
                                                extra_body={"ignore_eos": True})
        for _ in range(40):
            next(chunks)
        chunks.close()
        answer = client.chat.completions.create(model="chat", messages=ZEBRA, temperature=0)
        assert answer.choices[0].message.content == ANSWER
    wait_until(lambda: narrow.metrics()['serval_cancelled_total{stage="streaming"}'] == 1)
    wait_until(lambda: count(narrow, "vllm:num_requests_running") == 0)


def test_whole_answers_whose_client_leaves_are_cancelled(narrow):
    before = narrow.metrics()['serval_cancelled_total{stage="running"}']
    body = json.dumps(LONG_CHAT).encode()
    with narrow.wire() as wire:
        wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: count(narrow, "vllm:num_requests_running") > 0)
    wait_until(lambda: narrow.metrics()['serval_cancelled_total{stage="running"}'] == before + 1)
    assert chat(narrow).choices[0].message.content == ANSWER


def test_refusals_say_when_to_come_again(narrow):
    body = json.dumps({**LONG_CHAT, "stream": True}).encode()
    with narrow.wire() as wire:
        wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: count(narrow, "vllm:num_requests_running") > 0)
        answer = post(narrow, "/v1/chat/completions", {**ASK, "n": 16}, JSON)
    assert answer.status == 503, answer.body
    error = read(answer)["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["type"] == "server_error"
    assert int(answer["Retry-After"]) >= 1 and int(answer["retry-after-ms"]) == 1000 * int(answer["Retry-After"])
    with make_client(narrow) as client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="nope", messages=ZEBRA)
