#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""x11-record.py   Reads along what is typed on the display, in every window: the RECORD extension. Prints "ready", then the
number of each key that goes down."""
from Xlib import X
from Xlib.display import Display
from Xlib.ext import record

display = Display()
context = display.record_create_context(0, [record.AllClients], [{
    "core_requests": (0, 0), "core_replies": (0, 0), "ext_requests": (0, 0, 0, 0), "ext_replies": (0, 0, 0, 0),
    "delivered_events": (0, 0), "device_events": (X.KeyPress, X.KeyPress), "errors": (0, 0),
    "client_started": False, "client_died": False}])


def on_data(reply):
    if reply.category == record.StartOfData:
        print("ready", flush=True)
    elif reply.category == record.FromServer and reply.data and reply.data[0] == X.KeyPress:
        print("key", reply.data[1], flush=True)


display.record_enable_context(context, on_data)
