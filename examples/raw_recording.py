#!/usr/bin/env python3
"""Sends a WebM or MP4 stream to the server, which records it and shows it live.

    pip install websockets
    python3 raw_recording.py recording.webm --url wss://192.168.1.3:8766 --ca certs/ca.crt

    ffmpeg -f v4l2 -i /dev/video0 -c:v libvpx -deadline realtime -b:v 2M -g 60 -f webm - \\
        | python3 raw_recording.py - --url wss://192.168.1.3:8766 --ca certs/ca.crt

The stream is what a browser's MediaRecorder makes, or ffmpeg (fragmented, if it is an MP4). It is
sent as it is, in binary messages of any size; the server finds out by itself what it is, and ends
the recording when the connection is closed. What is lost with a connection stays lost: programs
that must not lose anything use `localcamera push`, or the protocol in docs/protocol.md.
"""

import argparse
import asyncio
import ssl
import sys

import websockets

CHUNK_BYTES = 64 * 1024


def arguments():
    parser = argparse.ArgumentParser(description="Sends a WebM or MP4 stream to be recorded.")
    parser.add_argument("file", help="a file, or - for standard input")
    parser.add_argument("--url", default="wss://localhost:8766")
    parser.add_argument("--ca", help="the server's certificate authority")
    return parser.parse_args()


async def send(options):
    file = sys.stdin.buffer if options.file == "-" else open(options.file, "rb")
    tls = ssl.create_default_context(cafile=options.ca)
    sent = 0
    # Video does not get smaller by compressing it a second time.
    async with websockets.connect(options.url, ssl=tls, compression=None) as socket:
        loop = asyncio.get_running_loop()
        # Waiting for a pipe must not hold up the connection, which answers pings meanwhile.
        while chunk := await loop.run_in_executor(None, file.read1, CHUNK_BYTES):
            # Returns when there is room in the connection: a slow server slows the sender down.
            await socket.send(chunk)
            sent += len(chunk)
        # Leaving the block says goodbye, by which the server knows that this is the end, and
        # waits for its answer, by which we know that it has taken everything.
    return sent


def main():
    try:
        print(f"sent {asyncio.run(send(arguments()))} bytes")
    except (OSError, websockets.exceptions.WebSocketException) as error:
        sys.exit(f"not sent: {error}")


if __name__ == "__main__":
    main()
