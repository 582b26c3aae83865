"""Composition: the `Runnable` protocol, the nodes of a chain, configuration, runs and events.

Knows nothing of messages, prompts, models or tools, which are steps like any other. Start reading at
`base.py`, then `_execute.py`, where every run begins and ends.
"""

from __future__ import annotations

from ._beside import iterate_in_thread as iterate_in_thread
from ._closing import aclose as aclose
from ._coerce import RunnableLike as RunnableLike
from ._coerce import coerce_to_runnable as coerce_to_runnable
from ._merge import acollect as acollect
from ._merge import collect as collect
from ._run import Run as Run
from .addable import AddableDict as AddableDict
from .addable import aadd as aadd
from .addable import add as add
from .base import Runnable as Runnable
from .binding import RunnableBinding as RunnableBinding
from .config import RunnableConfig as RunnableConfig
from .events import EventData as EventData
from .events import StreamEvent as StreamEvent
from .function import RunnableLambda as RunnableLambda
from .function import chain as chain
from .generator import RunnableGenerator as RunnableGenerator
from .parallel import RunnableMap as RunnableMap
from .parallel import RunnableParallel as RunnableParallel
from .passthrough import RunnableAssign as RunnableAssign
from .passthrough import RunnablePassthrough as RunnablePassthrough
from .passthrough import RunnablePick as RunnablePick
from .sequence import RunnableSequence as RunnableSequence
from .serializable import RunnableSerializable as RunnableSerializable

__all__ = [
    "AddableDict",
    "EventData",
    "Run",
    "Runnable",
    "RunnableAssign",
    "RunnableBinding",
    "RunnableConfig",
    "RunnableGenerator",
    "RunnableLambda",
    "RunnableLike",
    "RunnableMap",
    "RunnableParallel",
    "RunnablePassthrough",
    "RunnablePick",
    "RunnableSequence",
    "RunnableSerializable",
    "StreamEvent",
    "aadd",
    "aclose",
    "acollect",
    "add",
    "chain",
    "coerce_to_runnable",
    "collect",
    "iterate_in_thread",
]
