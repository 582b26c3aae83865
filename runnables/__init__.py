"""Composition: the `Runnable` protocol, the nodes of a chain, configuration, runs and events.

Knows nothing of messages, prompts, models or tools, which are steps like any other. Start reading
at `base.py`, then `_execute.py`, where every run begins and ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from ._beside import iterate_in_thread as iterate_in_thread
    from ._closing import aclose as aclose
    from ._closing import close as close
    from ._merge import acollect as acollect
    from ._merge import collect as collect
    from ._place import Place as Place
    from ._plan import Call as Call
    from ._plan import Plan as Plan
    from ._plan import call as call
    from ._plan import gather as gather
    from ._run import Run as Run
    from ._threads import call_in_thread as call_in_thread
    from .addable import AddableDict as AddableDict
    from .addable import aadd as aadd
    from .addable import add as add
    from .base import Runnable as Runnable
    from .binding import RunnableBinding as RunnableBinding
    from .branch import RunnableBranch as RunnableBranch
    from .concurrency import RunnableWithConcurrency as RunnableWithConcurrency
    from .config import RunnableConfig as RunnableConfig
    from .config_fields import AnyConfigurableField as AnyConfigurableField
    from .config_fields import ConfigurableField as ConfigurableField
    from .config_fields import ConfigurableFieldMultiOption as ConfigurableFieldMultiOption
    from .config_fields import ConfigurableFieldSingleOption as ConfigurableFieldSingleOption
    from .config_fields import ConfigurableFieldSpec as ConfigurableFieldSpec
    from .config_tools import ensure_config as ensure_config
    from .config_tools import get_config_list as get_config_list
    from .config_tools import merge_configs as merge_configs
    from .config_tools import patch_config as patch_config
    from .configurable import RunnableConfigurableAlternatives as RunnableConfigurableAlternatives
    from .configurable import RunnableConfigurableFields as RunnableConfigurableFields
    from .custom_event import adispatch_custom_event as adispatch_custom_event
    from .custom_event import dispatch_custom_event as dispatch_custom_event
    from .dynamic import DynamicRunnable as DynamicRunnable
    from .each import RunnableEach as RunnableEach
    from .event_types import BaseStreamEvent as BaseStreamEvent
    from .event_types import ChatModelEndEvent as ChatModelEndEvent
    from .event_types import ChatModelStreamEvent as ChatModelStreamEvent
    from .event_types import ChunkEvent as ChunkEvent
    from .event_types import CustomStreamEvent as CustomStreamEvent
    from .event_types import EndEvent as EndEvent
    from .event_types import ErrorEvent as ErrorEvent
    from .event_types import EventData as EventData
    from .event_types import PromptEndEvent as PromptEndEvent
    from .event_types import StandardStreamEvent as StandardStreamEvent
    from .event_types import StartEvent as StartEvent
    from .event_types import StreamEvent as StreamEvent
    from .fallbacks import RunnableWithFallbacks as RunnableWithFallbacks
    from .function import RunnableLambda as RunnableLambda
    from .function import chain as chain
    from .generator import RunnableGenerator as RunnableGenerator
    from .graph import CurveStyle as CurveStyle
    from .graph import Edge as Edge
    from .graph import Graph as Graph
    from .graph import Node as Node
    from .graph import NodeStyles as NodeStyles
    from .hedge import RunnableWithHedge as RunnableWithHedge
    from .observers import AsyncListener as AsyncListener
    from .observers import ListenedRun as ListenedRun
    from .observers import Listener as Listener
    from .observers import observe as observe
    from .parallel import RunnableLike as RunnableLike
    from .parallel import RunnableMap as RunnableMap
    from .parallel import RunnableParallel as RunnableParallel
    from .parallel import coerce_to_runnable as coerce_to_runnable
    from .passthrough import RunnableAssign as RunnableAssign
    from .passthrough import RunnablePassthrough as RunnablePassthrough
    from .passthrough import RunnablePick as RunnablePick
    from .retry import ExponentialJitterParams as ExponentialJitterParams
    from .retry import RunnableRetry as RunnableRetry
    from .router import RouterInput as RouterInput
    from .router import RouterRunnable as RouterRunnable
    from .sequence import RunnableSequence as RunnableSequence
    from .serializable import RunnableSerializable as RunnableSerializable
    from .timeout import RunnableWithTimeout as RunnableWithTimeout

__all__ = [
    "AddableDict",
    "AnyConfigurableField",
    "AsyncListener",
    "BaseStreamEvent",
    "Call",
    "ChatModelEndEvent",
    "ChatModelStreamEvent",
    "ChunkEvent",
    "ConfigurableField",
    "ConfigurableFieldMultiOption",
    "ConfigurableFieldSingleOption",
    "ConfigurableFieldSpec",
    "CurveStyle",
    "CustomStreamEvent",
    "DynamicRunnable",
    "Edge",
    "EndEvent",
    "ErrorEvent",
    "EventData",
    "ExponentialJitterParams",
    "Graph",
    "ListenedRun",
    "Listener",
    "Node",
    "NodeStyles",
    "Place",
    "Plan",
    "PromptEndEvent",
    "RouterInput",
    "RouterRunnable",
    "Run",
    "Runnable",
    "RunnableAssign",
    "RunnableBinding",
    "RunnableBranch",
    "RunnableConfig",
    "RunnableConfigurableAlternatives",
    "RunnableConfigurableFields",
    "RunnableEach",
    "RunnableGenerator",
    "RunnableLambda",
    "RunnableLike",
    "RunnableMap",
    "RunnableParallel",
    "RunnablePassthrough",
    "RunnablePick",
    "RunnableRetry",
    "RunnableSequence",
    "RunnableSerializable",
    "RunnableWithConcurrency",
    "RunnableWithFallbacks",
    "RunnableWithHedge",
    "RunnableWithTimeout",
    "StandardStreamEvent",
    "StartEvent",
    "StreamEvent",
    "aadd",
    "aclose",
    "acollect",
    "add",
    "adispatch_custom_event",
    "call",
    "call_in_thread",
    "chain",
    "close",
    "coerce_to_runnable",
    "collect",
    "dispatch_custom_event",
    "ensure_config",
    "gather",
    "get_config_list",
    "iterate_in_thread",
    "merge_configs",
    "observe",
    "patch_config",
]
