"""An agent by hand, on the embedded model: its words, calls and results, shown as they happen.

It needs the weights of the small model, which `levada pull` fetches once.
"""

from __future__ import annotations

import asyncio

from levada import ChatLlamaCpp, HumanMessage, RunnableLambda
from levada.messages import AnyMessage
from levada.tools import ToolExecutor, tool

MOST_CALLS = 3


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"Rain in {city}, 4 degrees"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


tools = [get_weather, add]
model = ChatLlamaCpp(temperature=0, max_tokens=60).bind_tools(tools)
execute = ToolExecutor(tools)


async def agent(question: str) -> str:
    """Ask the model, run what it calls, and ask again, until it answers in words."""
    messages: list[AnyMessage] = [HumanMessage(question)]
    for _ in range(MOST_CALLS):
        answer = await model.ainvoke(messages)
        if not answer.tool_calls:
            return answer.text
        messages += [answer, *await execute.ainvoke(answer)]
    return f"no answer after {MOST_CALLS} calls"


async def show(question: str) -> None:
    """Print the steps of the agent while they are taken."""
    print(f"\n{question}")
    async for event in RunnableLambda(agent).astream_events(question):
        if event["event"] == "on_chat_model_stream":
            chunk = event["data"]["chunk"]
            fragments = "".join(fragment["args"] or "" for fragment in chunk.tool_call_chunks)
            print(chunk.text or fragments, end="|" if chunk.text or fragments else "", flush=True)
        elif event["event"] == "on_chat_model_end":
            print()
        elif event["event"] == "on_tool_start":
            print(f"  -> {event['name']} {event['data']['input']}")
        elif event["event"] == "on_tool_end":
            print(f"  <- {event['data']['output'].content}")


async def main() -> None:
    """Ask two questions that need a tool each."""
    await show("What is the weather in Oslo?")
    await show("What is 12 plus 30?")


asyncio.run(main())
