#!/usr/bin/python3
"""A camera for the tests: GStreamer's RTSP server with a moving picture.

    rtsp_server.py [--user NAME --password PASSWORD] [--path /pattern]

Prints its address, then a line for each client that comes ("+ 1", with how many there are) or
goes ("- 0"). Ends with its standard input.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=400"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--path", default="/pattern")
    options = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PICTURE)
    factory.set_shared(True)
    if options.user:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(2)  # Digest
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(options.user, options.password, token)
        server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(options.path, factory)

    clients = 0

    def count(change, sign):
        nonlocal clients
        clients += change
        print(sign, clients, flush=True)

    def connected(_server, client):
        count(1, "+")
        client.connect("closed", lambda _client: count(-1, "-"))

    server.connect("client-connected", connected)
    server.attach(None)
    loop = GLib.MainLoop()

    def ended(_source, _condition):
        loop.quit()
        return False

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, ended)
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}{options.path}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
