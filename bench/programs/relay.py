"""Takes connections and passes on what they bring, and back: relay.py OWN_PORT HOST PORT."""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter

_PIECE = 2**16


async def main() -> None:
    server = await asyncio.start_server(_connect, "0.0.0.0", int(sys.argv[1]))
    await server.serve_forever()


async def _connect(reader: StreamReader, writer: StreamWriter) -> None:
    there, back = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    await asyncio.gather(_pass(reader, back), _pass(there, writer))


async def _pass(reader: StreamReader, writer: StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main())
