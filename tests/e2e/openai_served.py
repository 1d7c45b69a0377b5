"""What tests of OpenAI's API share: the official client, and a strict look at answers."""
import json

import openai
import pydantic

JSON = (("Content-Type", "application/json"),)


def make_client(server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0,
                         http_client=openai.DefaultHttpxClient(trust_env=False))


def make_async_client(server) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0,
                              http_client=openai.DefaultAsyncHttpxClient(trust_env=False))


def check(kind, value):
    """Strictly: every member that the type demands, with its type and literal; more members are fine."""
    return pydantic.TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


def read(answer):
    assert answer["Content-Type"] == "application/json"
    return json.loads(answer.body)


def post(server, path, body, fields=JSON):
    return server.ask("POST", path, fields, body if isinstance(body, bytes) else json.dumps(body).encode())
