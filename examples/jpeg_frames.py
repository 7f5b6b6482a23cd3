#!/usr/bin/env python3
"""Receives pictures as binary messages, one JPEG each, and keeps the newest one in a file.

    pip install websockets
    python3 jpeg_frames.py --rtsp rtsp://user:password@192.168.1.20/stream1
    python3 jpeg_frames.py --url wss://192.168.1.3:5001/ws/jpeg/door --ca certs/ca.crt

The first opens a camera by its address, through the listener of compat.jpeg_port; the server's
configuration says which addresses it may open. The second takes a stream that the server has.
Where there is no picture, the server sends one text message {"error": "..."} and closes.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from urllib.parse import quote

import websockets


def arguments():
    parser = argparse.ArgumentParser(description="Receives pictures as binary messages.")
    parser.add_argument("--url", default="ws://localhost:8000/ws/stream")
    parser.add_argument("--rtsp", help="the address of a camera, for /ws/stream")
    parser.add_argument("--ca", help="the server's certificate authority, for a wss:// address")
    parser.add_argument("--out", default="frame.jpg", help="where the newest picture goes")
    parser.add_argument("--count", type=int, default=0, help="stop after so many pictures")
    return parser.parse_args()


def save(path, jpeg):
    """Other programs that look at the file never see half a picture."""
    with open(path + ".new", "wb") as file:
        file.write(jpeg)
    os.replace(path + ".new", path)


async def receive(options):
    """Receives until enough came or the connection ends; returns what the server says is wrong."""
    url = options.url
    if options.rtsp:
        # Everything is encoded, also the slashes: the address may have parameters of its own.
        url += "?rtsp_url=" + quote(options.rtsp, safe="")
    tls = ssl.create_default_context(cafile=options.ca) if url.startswith("wss:") else None
    received = 0
    # A picture may be larger than the megabyte that the library allows by default.
    async with websockets.connect(url, ssl=tls, max_size=32 * 1024 * 1024) as socket:
        async for message in socket:
            if isinstance(message, str):
                return json.loads(message)["error"]
            save(options.out, message)
            received += 1
            print(f"picture {received}: {len(message)} bytes", flush=True)
            if received == options.count:
                return None
    return "the connection is closed"


def main():
    try:
        problem = asyncio.run(receive(arguments()))
    except (OSError, websockets.exceptions.WebSocketException) as error:
        problem = f"no connection: {error}"
    except KeyboardInterrupt:
        problem = None
    # A wrong password that is tried again and again locks the user out of many a camera, so the
    # decision to try again is left to whoever reads this.
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
