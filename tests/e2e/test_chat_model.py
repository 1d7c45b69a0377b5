"""The bundled language model: what llama.cpp said when it was made (models/chat/EXPECTED.json) is what Serval answers,
greedy, in one stream alone and in eight at once, below /v1 and at /chat."""
import concurrent.futures
import json

import pytest

from served import ROOT, serving

EXPECTED = json.loads((ROOT / "models" / "chat" / "EXPECTED.json").read_text())
LIMIT = 120  # tokens; what the file was made with
CHATS = [chat for chat in EXPECTED["chats"] if chat["safe"]]  # where no other token comes near
STREAMS = 8


@pytest.fixture(scope="module")
def client():
    with serving("serval", "serve", ROOT / "models", "--set", f"chat.generation.sequences={STREAMS}",
                 "--log-level", "off") as served, served.client() as client:
        yield client


def events_of(client, path, body):
    with client.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, answer.read()
        return [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]


def ask_openai(client, chat):
    """Text, reason of the end, tokens of prompt and answer."""
    *events, end = events_of(client, "/v1/chat/completions", {
        "model": "chat", "messages": chat["messages"], "temperature": 0, "max_tokens": LIMIT, "stream": True,
        "stream_options": {"include_usage": True}})
    assert end == "[DONE]"
    *pieces, usage = map(json.loads, events)
    choices = [piece["choices"][0] for piece in pieces]
    return ("".join(choice["delta"].get("content") or "" for choice in choices), choices[-1]["finish_reason"],
            usage["usage"]["prompt_tokens"], usage["usage"]["completion_tokens"])


def expected_of(chat):
    return chat["text"], chat["stop"], chat["prompt_tokens"], len(chat["tokens"])


def test_most_chats_can_be_compared():
    assert len(CHATS) > len(EXPECTED["chats"]) / 2


def test_alone(client):
    for chat in CHATS:
        assert ask_openai(client, chat) == expected_of(chat), chat["messages"]


def test_eight_at_once(client):
    wanted = CHATS * 3
    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        found = list(pool.map(lambda chat: ask_openai(client, chat), wanted))
    assert found == [expected_of(chat) for chat in wanted]


def test_as_one_message(client):
    for chat in CHATS:
        if len(chat["messages"]) > 1 or chat["stop"] != "stop":
            continue
        body = {"message": chat["messages"][0]["content"], "temperature": 0, "max_tokens": LIMIT}
        *events, end = map(json.loads, events_of(client, "/chat", body))
        assert "".join(event["content"] for event in events) == chat["text"] and end == {"done": True}
