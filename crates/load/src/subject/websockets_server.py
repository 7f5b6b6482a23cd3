"""The stack that localcamera replaces: a websockets server over TLS that appends messages to files.

It neither parses nor syncs. Usage: websockets_server.py CERTS RECORDINGS PORT
"""

import asyncio
import itertools
import pathlib
import signal
import ssl
import sys

import websockets


async def main() -> None:
    certs, recordings, port = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certs / "server.crt", certs / "server.key")
    numbers = itertools.count()

    async def receive(socket, *_path):
        # Unbuffered, as each message is a whole second.
        with open(recordings / f"{next(numbers):05}.webm", "xb", buffering=0) as file:
            try:
                async for message in socket:
                    if isinstance(message, bytes):
                        file.write(message)
            except websockets.ConnectionClosed:
                pass

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    # As browsers compress nothing that is media already, neither does this.
    serving = websockets.serve(
        receive, "127.0.0.1", port, ssl=tls, max_size=32 << 20, compression=None, backlog=2048
    )
    async with serving as server:
        print("wss://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
        await stopped.wait()


asyncio.run(main())
