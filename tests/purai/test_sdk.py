"""The official OpenAI SDK under /openai/v1 and /openai, where a bare model name is OpenAI's."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from websockets.sync.client import connect

from tests.purai.companies import PATIENCE
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

OFFICIAL = '[aliases]\necho-1 = "simulator/echo"\n[store]\npath = "memory"\n'
"""What plays the official provider; the server in front of it does not know what it has."""

SAID = "The gate is open."


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(OFFICIAL) as official:
        provider = f'[providers.openai]\nbase_url = "{official.url}/v1"\napi_key = "sk-any"\nmodels = ["other"]\n'
        with serving(f'[store]\npath = "memory"\n{provider}') as server:
            yield server


@pytest.fixture(params=["/openai/v1", "/openai"])
def client(server: Serving, request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url + request.param, api_key="any", max_retries=0, timeout=PATIENCE) as client:
        yield client


def hello(**more: Any) -> dict[str, Any]:
    return {"model": "echo-1", "messages": [{"role": "user", "content": SAID}], **more}


def test_a_bare_name_is_openais_there_and_nowhere_else(server: Serving) -> None:
    with (
        openai.OpenAI(base_url=server.url + "/v1", api_key="any", max_retries=0) as client,
        pytest.raises(openai.NotFoundError),
    ):
        client.chat.completions.create(**hello())


def test_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(**hello())
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (SAID, "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    # What the un-versioned path says more, the SDK keeps.
    provider = (answer.model_extra or {}).get("provider")
    assert provider == (None if str(client.base_url).endswith("/v1/") else "openai")


def test_chat_in_a_stream(client: openai.OpenAI) -> None:
    options = {"include_usage": True}
    with client.chat.completions.create(**hello(stream=True, stream_options=options)) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == SAID
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0


def test_chat_by_the_helper(client: openai.OpenAI) -> None:
    """Which puts chunks together, and would stumble over what is not OpenAI's."""
    with client.chat.completions.stream(**hello()) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == SAID


def test_tools_by_the_helper(client: openai.OpenAI) -> None:
    call = {"name": "tide", "arguments": {"harbour": "Faro"}}
    tool = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}
    asked: Any = hello(tools=[tool], extra_body={"simulator": {"tool_calls": [call]}})
    with client.chat.completions.stream(**asked) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls
    assert calls is not None
    assert [(one.function.name, one.function.arguments) for one in calls] == [("tide", '{"harbour": "Faro"}')]


def test_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**hello(temperature=9))
    assert (refused.value.param, refused.value.code) == ("temperature", "invalid_value")
    fails = {"simulator": {"fail": {"status": 503, "message": "Come back."}}}
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(**hello(extra_body=fails))


def test_completions(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="echo-1", prompt=SAID)
    assert answer.choices[0].text == SAID
    with client.completions.create(model="echo-1", prompt=SAID, stream=True) as stream:
        assert "".join(chunk.choices[0].text for chunk in stream) == SAID


def test_responses_and_what_is_under_them(client: openai.OpenAI) -> None:
    made = client.responses.create(model="echo-1", input=SAID)
    assert made.output_text == SAID
    with client.responses.stream(model="echo-1", input=SAID) as stream:
        assert [event.type for event in stream][-1] == "response.completed"
    assert client.responses.retrieve(made.id).output_text == SAID
    assert len(client.responses.input_items.list(made.id).data) == 1
    again = client.responses.create(model="echo-1", input="And?", previous_response_id=made.id, background=True)
    client.responses.cancel(again.id)
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_embeddings(client: openai.OpenAI) -> None:
    made = client.embeddings.create(model="echo-1", input=["one", "two"])
    assert [one.index for one in made.data] == [0, 1]
    assert made.data[0].embedding != made.data[1].embedding


def test_models(server: Serving) -> None:
    """Without the version the list is PurAI's, and one model is OpenAI's all the same."""
    with openai.OpenAI(base_url=server.url + "/openai/v1", api_key="any") as client:
        assert "openai/other" in [model.id for model in client.models.list()]
        assert client.models.retrieve("other").owned_by == "openai"
    with openai.OpenAI(base_url=server.url + "/openai", api_key="any") as client:
        assert client.models.retrieve("other").id == "openai/other"


@pytest.mark.parametrize("path", ["/openai/v1/responses", "/openai/responses"])
def test_a_socket(server: Serving, path: str) -> None:
    with connect(server.url.replace("http", "ws") + path, open_timeout=PATIENCE, close_timeout=PATIENCE) as socket:
        socket.send('{"type":"response.create","model":"echo-1","input":"Hello"}')
        said = [str(socket.recv(PATIENCE))]
        while '"type":"response.completed"' not in said[-1]:
            assert '"type":"error"' not in said[-1], said[-1]
            said.append(str(socket.recv(PATIENCE)))
