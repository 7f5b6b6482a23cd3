#!/usr/bin/env python3
"""A camera for tests: GStreamer's RTSP server, with the pipelines that are given.

    rtsp_server.py [--port N] [--login USER:PASSWORD] [--basic] [--shared] NAME=PIPELINE...

Each PIPELINE is a description as gst-launch takes it, whose payloaders are called pay0, pay1. Each viewer gets one of
its own, from the beginning, unless it is shared. Prints its port in a line, and then a line for whatever a client asks.
It ends when its standard input does.
"""
import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "viewer"
THREADS = 32


def authentication(login, is_basic):
    user, password = login.split(":", 1)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    if is_basic:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    return auth


def permissions():
    allowed = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        allowed.add_permission_for_role(ROLE, right, True)
    return allowed


def say(text):
    # Clients have threads of their own: one write keeps a line whole, print() makes two.
    os.write(sys.stdout.fileno(), f"{text}\n".encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--login")
    parser.add_argument("--basic", action="store_true")
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("mounts", nargs="+")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.login:
        server.set_auth(authentication(options.login, options.basic))
    # A pipeline that takes its time must not keep the other clients waiting.
    server.get_thread_pool().set_max_threads(THREADS)
    mounts = server.get_mount_points()
    for mount in options.mounts:
        name, pipeline = mount.split("=", 1)
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {pipeline} )")
        factory.set_shared(options.shared)
        if options.login:
            factory.set_permissions(permissions())
        mounts.add_factory(f"/{name}", factory)

    def connected(_server, client):
        say("connected")
        client.connect("closed", lambda _client: say("closed"))
        for request in ("describe", "play", "teardown"):
            client.connect(f"{request}-request", lambda _client, _context, what=request: say(what))
        client.connect("describe-request", lambda _client, context: say(f"agent {agent(context)}"))

    def agent(context):
        result, value = context.request.get_header(GstRtsp.RTSPHeaderField.USER_AGENT, 0)
        return value if result == GstRtsp.RTSPResult.OK else "none"

    server.connect("client-connected", connected)
    loop = GLib.MainLoop()
    if server.attach(None) == 0:
        sys.exit("rtsp_server: the port is taken")
    say(f"port {server.get_bound_port()}")
    # Whoever started it may have been killed.
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: loop.quit())
    loop.run()


main()
