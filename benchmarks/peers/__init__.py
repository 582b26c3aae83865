"""Who is measured: for each peer its packages, its environment and the module with its programs.

A peer whose programs are in one module imports it for every workload; `floors` and `levada` have a
module per idea, so that a part that is missing skips its own rows only.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Peer:
    """One column of the tables."""

    name: str
    module: str  # `{}` stands for the row's module
    requirements: tuple[str, ...] = ()  # none: measured in the environment of this checkout
    shows: tuple[str, ...] = ()  # distributions whose versions the report names
    imports: str = ""  # what a user of it imports (W6)
    environment: dict[str, str] = field(default_factory=dict)


_FLOOR_IMPORTS = """
from pydantic import BaseModel
class Message(BaseModel):
    role: str
    content: str
    id: str | None = None
    finish_reason: str | None = None
import anyio
"""
_LEVADA_IMPORTS = """
from levada.chat_models import BaseChatModel
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnableLambda
"""
_LANGCHAIN_IMPORTS = """
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
"""
_NO_TRACING = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "floor",
            "benchmarks.floors.{}",
            shows=("pydantic", "anyio"),
            imports=_FLOOR_IMPORTS,
        ),
        Peer(
            "levada",
            "benchmarks.peers.levada.{}",
            shows=("levada", "pydantic", "anyio"),
            imports=_LEVADA_IMPORTS,
        ),
        Peer(
            "langchain-core",
            "benchmarks.peers.langchain_core",
            ("langchain-core",),
            shows=("langchain-core", "pydantic"),
            imports=_LANGCHAIN_IMPORTS,
            environment=_NO_TRACING,
        ),
        Peer(
            "langgraph",
            "benchmarks.peers.langgraph",
            ("langgraph", "langchain-core"),
            shows=("langgraph", "langchain-core", "pydantic"),
            imports="from langgraph.graph import END, START, StateGraph\n" + _LANGCHAIN_IMPORTS,
            environment=_NO_TRACING,
        ),
        Peer(
            "pydantic-ai",
            "benchmarks.peers.pydantic_ai",
            ("pydantic-ai-slim",),
            shows=("pydantic-ai-slim", "pydantic"),
            imports="from pydantic_ai import Agent",
        ),
        Peer(
            "llm",
            "benchmarks.peers.llm",
            ("llm",),
            shows=("llm", "pydantic"),
            imports="import llm",
        ),
    )
}
