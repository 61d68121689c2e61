"""Drives an MCP server with the official Python client and reports what it saw, one JSON object a line on stdout.

Usage:
    client.py [--mode auto|legacy] [--wait-for-change COUNT] (--url URL | --stdio COMMAND [ARG...]) < PLAN

PLAN is a JSON array of calls, `[{"tool": NAME, "arguments": {...}}, ...]`. The lines that it prints, in order:

    {"event": "connected", "protocol": ..., "server": ...}
    {"event": "tools", "tools": [...]}
    {"event": "call", "tool": ..., "result": {...}}         one for each call of the plan
    {"event": "listening"}                                  with --wait-for-change, before it waits
    {"event": "changed", "tools": [...]}                    COUNT times, each after a list change

An error is an uncaught exception: a traceback on stderr and a status that is not 0. Waiting is bounded by TIMEOUT.
"""

import argparse
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters

TIMEOUT = 30.0
MODERN = "2026-07-28"


def report(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def plain(model: object) -> object:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def tools_of(client: Client) -> list[object]:
    listed = await client.list_tools(cache_mode="refresh")
    return [plain(tool) for tool in listed.tools]


@asynccontextmanager
async def changes(client: Client, heard: "anyio.abc.ObjectReceiveStream[None]") -> AsyncIterator[AsyncIterator[object]]:
    """The list changes in whichever way the connection's era tells them."""
    if client.protocol_version == MODERN:
        async with client.listen(tools_list_changed=True) as subscription:
            yield subscription
    else:
        yield heard


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=["auto", "legacy"], default="auto")
    parser.add_argument("--wait-for-change", type=int, default=0, metavar="COUNT")
    parser.add_argument("--url")
    parser.add_argument("--env", default="{}", help="environment of the server, as a JSON object")
    parser.add_argument("--stdio", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    plan = json.load(sys.stdin)
    if options.url:
        server: str | StdioServerParameters = options.url
    else:
        command, *arguments = options.stdio
        server = StdioServerParameters(command=command, args=arguments, env=json.loads(options.env))

    tell, heard = anyio.create_memory_object_stream[None](64)

    async def on_message(message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            await tell.send(None)

    with anyio.fail_after(TIMEOUT):
        async with Client(server, mode=options.mode, message_handler=on_message) as client:
            name = client.server_info.name if client.server_info else None
            report("connected", protocol=client.protocol_version, server=name)
            report("tools", tools=await tools_of(client))
            for call in plan:
                result = await client.call_tool(call["tool"], call["arguments"])
                report("call", tool=call["tool"], result=plain(result))
            if options.wait_for_change:
                async with changes(client, heard) as stream:
                    report("listening")
                    for _ in range(options.wait_for_change):
                        await anext(aiter(stream))
                        report("changed", tools=await tools_of(client))


anyio.run(main)
