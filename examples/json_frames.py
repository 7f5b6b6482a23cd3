#!/usr/bin/env python3
"""Receives pictures as JSON messages and keeps the newest one in a file.

    pip install websockets
    python3 json_frames.py --url ws://localhost:8765
    python3 json_frames.py --url wss://192.168.1.3:5001/ws/json/door --ca certs/ca.crt

Each message is {"type": "image", "data": "<a JPEG in base64>", "timestamp": <seconds since 1970>},
or {"type": "error", "message": "..."} when there is no picture.
"""

import argparse
import asyncio
import base64
import json
import os
import ssl
import time

import websockets


def arguments():
    parser = argparse.ArgumentParser(description="Receives pictures as JSON messages.")
    parser.add_argument("--url", default="ws://localhost:8765")
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
    """Receives until the connection ends; returns how many pictures came."""
    tls = ssl.create_default_context(cafile=options.ca) if options.url.startswith("wss:") else None
    received = 0
    # A picture may be larger than the megabyte that the library allows by default.
    async with websockets.connect(options.url, ssl=tls, max_size=32 * 1024 * 1024) as socket:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "error":
                print("the server says:", message["message"], flush=True)
            elif message["type"] == "image":
                jpeg = base64.b64decode(message["data"])
                late_ms = (time.time() - message["timestamp"]) * 1000
                save(options.out, jpeg)
                received += 1
                print(f"picture {received}: {len(jpeg)} bytes, {late_ms:.0f} ms old", flush=True)
                if received == options.count:
                    break
    return received


async def main():
    options = arguments()
    while True:
        try:
            received = await receive(options)
            if options.count and received >= options.count:
                return
            print("the connection is closed", flush=True)
        except (OSError, websockets.exceptions.WebSocketException) as error:
            print("no connection:", error, flush=True)
        await asyncio.sleep(1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
