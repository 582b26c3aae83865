"""Runs worth watching: one of each construct, and of each way to end badly.

A scenario is a function that makes its chain anew, so that nothing is left from an earlier run. All
of it works sync and async. Where a time limit has to pass, what it cuts off waits to be released;
nothing else waits for time. Start reading at `scenario.py`.
"""

from __future__ import annotations

from . import chains as chains
from . import failures as failures
from . import limits as limits
from . import memory as memory
from . import tools as tools
from .scenario import SCENARIOS as SCENARIOS
from .scenario import SOON as SOON
from .scenario import Planned as Planned
from .scenario import Scenario as Scenario
