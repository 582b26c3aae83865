"""Clients: one for all threads, one for each event loop, and all of them closed in the end."""

from __future__ import annotations

import copy
import gc
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import anyio
import anyio.lowlevel
import pytest

from levada.chat_models._clients import Clients


class Client:
    made: ClassVar[list[Client]] = []

    def __init__(self) -> None:
        self.open = True
        self.made.append(self)

    def close(self) -> None:
        self.open = False


class AClient:
    made: ClassVar[list[AClient]] = []

    def __init__(self) -> None:
        self.open = True
        self.made.append(self)

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.open = False


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    Client.made.clear()
    AClient.made.clear()


@pytest.fixture
def clients() -> Clients[Client, AClient]:
    return Clients()


def test_threads_share_one_client(clients: Clients[Client, AClient]) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = set(pool.map(lambda _: clients.get("settings", Client), range(40)))
    assert got == set(Client.made)
    assert len(got) == 1


def test_other_settings_get_another_client(clients: Clients[Client, AClient]) -> None:
    one = clients.get("one", Client)
    assert clients.get("other", Client) is not one
    assert clients.get("one", Client) is one


def test_what_is_closed_is_opened_again(clients: Clients[Client, AClient]) -> None:
    one = clients.get("settings", Client)
    clients.close()
    assert not one.open
    assert clients.get("settings", Client).open


def test_a_forgotten_model_closes_its_client() -> None:
    clients: Clients[Client, AClient] = Clients()
    one = clients.get("settings", Client)
    del clients
    gc.collect()
    assert not one.open


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_in_a_circle_a_client_is_closed_before_its_sockets_are_found() -> None:
    """The collector comes to what is in a circle in the order in which it was made."""
    found_open: list[bool] = []

    class Socket:
        def __init__(self, client: WithSocket) -> None:
            self.client = client

        def __del__(self) -> None:
            found_open.append(self.client.open)

    class WithSocket:
        def __init__(self) -> None:
            self.open = True
            self.socket = Socket(self)

        def close(self) -> None:
            self.open = False

    client = WithSocket()  # made first, so it is come to first
    circle: list[Any] = [Clients[WithSocket, AClient]()]
    circle[0].get("settings", [client].pop)
    circle.append(circle)
    del client, circle
    gc.collect()
    gc.collect()
    assert found_open == [False]


def test_a_fork_has_a_client_of_its_own(
    clients: Clients[Client, AClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = clients.get("settings", Client)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert clients.get("settings", Client) is not one
    clients.close()
    assert one.open


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_is_equal_and_opens_its_own(
    clients: Clients[Client, AClient], duplicate: Any
) -> None:
    one = clients.get("settings", Client)
    twin = duplicate(clients)
    assert twin == clients
    assert twin.get("settings", Client) is not one


@pytest.mark.anyio
async def test_tasks_that_begin_together_share_one_client(
    clients: Clients[Client, AClient],
) -> None:
    got = set()

    async def get() -> None:
        got.add(await clients.aget("settings", AClient))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(get)
    assert len(got) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_each_event_loop_has_a_client_that_is_closed_when_the_loop_ends(
    clients: Clients[Client, AClient], backend: str
) -> None:
    async def get() -> None:
        for settings in ("one", "other"):
            client = await clients.aget(settings, AClient)
            assert client.open
            assert await clients.aget(settings, AClient) is client

    for _ in range(2):
        anyio.run(get, backend=backend)
    assert [client.open for client in AClient.made] == [False] * 4


@pytest.mark.anyio
async def test_what_a_forgotten_model_had_open_is_closed_by_the_next_that_opens_something() -> None:
    clients: Clients[Client, AClient] = Clients()
    await clients.aget("settings", AClient)
    del clients
    gc.collect()
    other: Clients[Client, AClient] = Clients()
    await other.aget("settings", AClient)
    assert [client.open for client in AClient.made] == [False, True]
    await other.aclose()
    assert [client.open for client in AClient.made] == [False, False]


@pytest.mark.anyio
async def test_closing_closes_both_kinds(clients: Clients[Client, AClient]) -> None:
    await clients.aget("settings", AClient)
    clients.get("settings", Client)
    await clients.aclose()
    assert not AClient.made[0].open
    assert not Client.made[0].open
    assert (await clients.aget("settings", AClient)).open
