#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stage.py POLICY-FILE CLAIM-PID PROGRAM [ARGUMENT…]

What the polkit test plays on. As root, in a mount namespace of its own: a system bus, the real polkitd with our actions
and rules that the test writes, an authentication agent that answers as the test says, and a few things that only root
can do. Runs PROGRAM (a test) as an ordinary user and ends with its exit status.

The test asks by packets on the socket $SBX_TEST_STAGE/control: words separated by NUL; the first one names a function of
Stage below, the others are its arguments. The answer is "ok" and the function's results, or "error" and why.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from gi.repository import Gio, GLib

USER = os.environ.get("SBX_TEST_USER", "sandbox-test")
PATIENCE = 60 * max(1, int(os.environ.get("SBX_TEST_TIMEOUT_SCALE", "1")))
POLKITD = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd")
RULES = "/etc/polkit-1/rules.d"
ACTIONS = "/usr/share/polkit-1/actions"

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={dir}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_type="method_return" send_requested_reply="true"/>
    <allow send_type="error" send_requested_reply="true"/>
    <allow send_type="signal"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
</busconfig>
"""

POLKIT = "org.freedesktop.PolicyKit1"
AUTHORITY = ("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority")
AGENT = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
  <method name="BeginAuthentication">
    <arg type="s" name="action" direction="in"/><arg type="s" name="message" direction="in"/>
    <arg type="s" name="icon" direction="in"/><arg type="a{ss}" name="details" direction="in"/>
    <arg type="s" name="cookie" direction="in"/><arg type="a(sa{sv})" name="identities" direction="in"/>
  </method>
  <method name="CancelAuthentication"><arg type="s" name="cookie" direction="in"/></method>
</interface></node>"""


def wait_for(holds, what, again=lambda: None):
    """Serves the main loop until @holds () does. Calls @again every other second."""
    begin = time.monotonic()
    tried = begin
    while not holds():
        now = time.monotonic()
        if now > begin + PATIENCE:
            raise RuntimeError(f"{what}: not within {PATIENCE} seconds")
        if now > tried + 2:
            again()
            tried = now
        if not GLib.MainContext.default().iteration(False):
            time.sleep(0.002)


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


def owner_of(pid):
    return os.stat(f"/proc/{pid}").st_uid


def listens(path):
    """A socket has its name before anybody can connect to it."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


class Bus:
    """The private system bus and our connection to it."""

    def __init__(self, directory):
        config = os.path.join(directory, "bus.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(BUS_CONFIG.format(dir=directory))
        # It goes with us, and polkitd goes with it
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "dbus-daemon", "--nofork", "--nopidfile",
                                         "--nosyslog", "--config-file=" + config], stdin=subprocess.DEVNULL)
        path = os.path.join(directory, "bus")
        wait_for(lambda: listens(path) or self.process.poll() is not None, "dbus-daemon")
        self.address = "unix:path=" + path
        self.connection = Gio.DBusConnection.new_for_address_sync(
            self.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)

    def has(self, name):
        return self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                         "NameHasOwner", GLib.Variant("(s)", (name,)), None, 0, -1, None).unpack()[0]

    def ask_authority(self, method, arguments):
        return self.connection.call_sync(POLKIT, *AUTHORITY, method, arguments, None, 0, PATIENCE * 1000, None)


class Authority:
    """polkitd, which can be killed and started again."""

    def __init__(self, bus):
        self.bus = bus
        self.process = None
        self.reloads = 0
        bus.connection.signal_subscribe(POLKIT, AUTHORITY[1], "Changed", AUTHORITY[0], None, 0, self.on_changed)

    def on_changed(self, *_):
        self.reloads += 1

    def start(self):
        program = next((path for path in POLKITD if os.access(path, os.X_OK)), None)
        if not program:
            raise RuntimeError("polkitd is not installed: apt-get install polkitd")
        self.process = subprocess.Popen([program, "--no-debug"], stdin=subprocess.DEVNULL,
                                        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address})
        wait_for(lambda: self.bus.has(POLKIT) or self.process.poll() is not None, "polkitd")
        if self.process.poll() is not None:
            raise RuntimeError("polkitd has ended at once")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            wait_for(lambda: not self.bus.has(POLKIT), "the end of polkitd")
        self.process = None

    def set_rules(self, text):
        """Returns when polkitd has read them."""
        seen = self.reloads
        self.write_rules(text)
        if self.process:  # which now and then does not notice, when it was stopped and the machine is busy
            wait_for(lambda: self.reloads > seen, "polkitd reading its rules", lambda: self.write_rules(text))

    @staticmethod
    def write_rules(text):
        temporary = os.path.join(RULES, ".new")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.rename(temporary, os.path.join(RULES, "10-test.rules"))


class Agent:
    """An authentication agent for one process. Root may give polkit the answer itself, so there is no password."""

    def __init__(self, bus, pid, answer):
        self.bus = bus
        self.answer = answer
        self.asked = []
        self.withdrawn = 0
        self.held = []  # invocation, cookie, identity
        self.owner = owner_of(pid)
        path = f"/agent/{pid}/{time.monotonic_ns()}"
        interface = Gio.DBusNodeInfo.new_for_xml(AGENT).interfaces[0]
        self.registration = bus.connection.register_object(path, interface, self.on_call, None, None)
        subject = ("unix-process", {"pid": GLib.Variant("u", pid), "start-time": GLib.Variant("t", start_time(pid)),
                                    "uid": GLib.Variant("i", self.owner)})
        bus.ask_authority("RegisterAuthenticationAgent", GLib.Variant("((sa{sv})ss)", (subject, "C", path)))

    def on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        if method == "CancelAuthentication":
            self.withdrawn += 1
            self.held = [held for held in self.held if held[1] != parameters.unpack()[0]]
            invocation.return_value(None)
            return
        action, _message, _icon, _details, cookie, identities = parameters.unpack()
        self.asked.append(action)
        self.held.append((invocation, cookie, identities[0]))
        if self.answer != "hold":
            self.reply(self.answer)

    def reply(self, answer):
        invocation, cookie, (kind, details) = self.held.pop(0)
        if answer == "cancel":
            invocation.return_dbus_error(POLKIT + ".Error.Cancelled", "dismissed")
            return
        if answer == "yes":
            self.authenticate(cookie, (kind, {"uid": GLib.Variant("u", details["uid"])}))
        invocation.return_value(None)

    def authenticate(self, cookie, identity):
        """An agent belongs to whoever has registered it; in polkit 126 to the owner of the process that it is for."""
        def respond(uid):
            self.bus.ask_authority("AuthenticationAgentResponse2", GLib.Variant("(us(sa{sv}))", (uid, cookie, identity)))
        try:
            respond(os.getuid())
        except GLib.Error as error:
            if "No session for cookie" not in error.message:
                raise
            respond(self.owner)

    def close(self):
        self.bus.connection.unregister_object(self.registration)


class Stage:
    """Every public method is something that the test can ask for."""

    def __init__(self, directory, policy, claim_pid):
        self._policy = os.path.join(ACTIONS, os.path.basename(policy))
        self._claim_pid = claim_pid
        self._bus = Bus(directory)
        self._authority = Authority(self._bus)
        self._agents = {}
        self._impostors = []

    def reset(self):
        """A new polkitd, without rules, without agents, without anything that it had kept."""
        for agent in self._agents.values():
            agent.close()
        self._agents = {}
        for process in self._impostors:
            process.kill()
            process.wait()
        self._impostors = []
        self._authority.kill()
        if os.path.exists(self._policy + ".away"):
            os.rename(self._policy + ".away", self._policy)
        for name in os.listdir(RULES):
            os.unlink(os.path.join(RULES, name))
        self._authority.start()

    def forget_actions(self):
        """A polkitd that has never heard of us, until the next reset."""
        self._authority.kill()
        os.rename(self._policy, self._policy + ".away")
        self._authority.start()

    def rules(self, text):
        self._authority.set_rules(text)

    def kill(self):
        self._authority.kill()

    def start(self):
        self._authority.start()

    def signal(self, name):
        self._authority.process.send_signal(getattr(signal, name))

    def agent(self, pid, answer):
        """Answers for process @pid with yes, no, cancel, or "hold": when told."""
        self._agents[pid] = Agent(self._bus, int(pid), answer)

    def answer(self, pid, answer):
        """What is being asked now."""
        self._agents[pid].reply(answer)

    def asked(self, pid):
        """The actions in order, since the last time."""
        agent = self._agents[pid]
        actions, agent.asked = agent.asked, []
        return actions

    def withdrawn(self, pid):
        return [str(self._agents[pid].withdrawn)]

    def act_as(self, uid, *words):
        """Runs VARIABLE=VALUE… COMMAND… as @uid: exit status, output, errors."""
        done = subprocess.run(["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "env", "-i", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        return [str(done.returncode), done.stdout.decode(), done.stderr.decode()]

    def claim(self, pid):
        """A process with the number @pid, which must be free, and the uid of the test."""
        user = pwd.getpwnam(USER)
        self._impostors.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", self._claim_pid, pid,
                                                 str(user.pw_uid)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL))
        line = self._impostors[-1].stdout.readline().decode().strip()
        if line != pid:
            raise RuntimeError(f"claim-pid says {line!r}")

    def _close(self):
        for process in [*self._impostors, self._authority.process, self._bus.process]:
            if process and process.poll() is None:
                process.kill()
                process.wait()


def serve(stage, connection):
    """One request."""
    words = connection.recv(1 << 16).decode().split("\0")
    if words == [""]:
        return GLib.SOURCE_REMOVE
    try:
        if words[0].startswith("_"):
            raise RuntimeError("no such function")
        answer = ["ok", *(getattr(stage, words[0])(*words[1:]) or [])]
    except Exception as error:  # whatever it is, it is the test that fails
        answer = ["error", f"{words[0]}: {type(error).__name__}: {error}"]
    connection.send("\0".join(answer).encode())
    return GLib.SOURCE_CONTINUE


def listen(stage, directory):
    path = os.path.join(directory, "control")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    os.chown(path, pwd.getpwnam(USER).pw_uid, -1)
    os.chmod(path, 0o600)
    listener.listen()

    def accept(*_):
        connection, _peer = listener.accept()
        GLib.io_add_watch(connection.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP,
                          lambda *_: serve(stage, connection))
        return GLib.SOURCE_CONTINUE

    GLib.io_add_watch(listener.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN, accept)
    return listener


def dress(policy):
    """polkit reads its files from fixed places."""
    for directory in (RULES, ACTIONS, "/usr/share/polkit-1/rules.d"):
        os.makedirs(directory, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory], check=True)
    shutil.copy(policy, ACTIONS)
    for name in os.listdir(ACTIONS):
        os.chmod(os.path.join(ACTIONS, name), 0o644)


def play(directory, words):
    """The test as the user, through the runner of all tests or, for one who is not ours, directly."""
    runner = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "runner")
    argv = [runner, *words]
    if USER != "sandbox-test":
        user = pwd.getpwnam(USER)
        argv = ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups", *words]
    return subprocess.Popen(argv, env={**os.environ, "SBX_TEST_STAGE": directory})


def main():
    policy, claim_pid, *words = sys.argv[1:]
    directory = tempfile.mkdtemp(prefix="sbx-stage-", dir="/tmp")
    os.chmod(directory, 0o755)
    loop = GLib.MainLoop()
    try:
        dress(policy)
        if USER == "sandbox-test":  # the runner makes the user; the socket is to be its own
            subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "runner"), "true"],
                           check=True)
        stage = Stage(directory, policy, claim_pid)
        listener = listen(stage, directory)
        test = play(directory, words)
        for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, signo, lambda *_: test.terminate() or GLib.SOURCE_CONTINUE)
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, test.pid, lambda _pid, status: (
            setattr(test, "returncode", os.waitstatus_to_exitcode(status)), loop.quit()))
        loop.run()
        listener.close()
        stage._close()
        return test.returncode if test.returncode >= 0 else 128 - test.returncode
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
