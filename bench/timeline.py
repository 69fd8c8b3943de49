# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps of one launch by `sandboxctl run`, out of what the kernel says of every process (perf-record(1), tracepoints of sched and of two
system calls), and a picture of them. Medians over the launches that have the steps in the same order."""
import collections, os, re, signal, statistics, subprocess, time
from html import escape

EVENTS = ("sched:sched_process_fork", "sched:sched_process_exec", "sched:sched_process_exit", "syscalls:sys_enter_connect",
          "syscalls:sys_enter_sendmsg")
LINE = re.compile(r"^\s*(.*?)\s+(\d+)\s+(\d+\.\d+):\s+\w+:(\w+):\s*(.*)$")
LABELS, WIDTH, ROW, TOP = 170, 760, 30, 52


class Recorder:
    """perf, of the whole machine; only what comes from the programs below @place is looked at. For root."""

    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen(["perf", "record", "-q", "-a", "-o", path, *[word for name in EVENTS for word in ("-e", name)]],
                                        stdout=subprocess.DEVNULL)
        time.sleep(1)  # it says nothing when it has begun; what comes before is missed, and not needed

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        done = subprocess.run(["perf", "script", "-f", "-i", self.path, "-F", "comm,tid,time,event,trace"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=True)
        return [(match[1], int(match[2]), float(match[3]), match[4], match[5]) for match in map(LINE.match, done.stdout.splitlines()) if match]


def launches(events, place):
    """A list of {step: milliseconds since the start}, in order of time, one for each time that the stopwatch has started sandboxctl."""
    family, born, found, current = set(), {}, [], None
    for comm, pid, when, event, text in events:
        if event == "sched_process_fork":
            child = int(text.rsplit("child_pid=", 1)[1])
            born[child] = when
            if pid in family:
                family.add(child)
        elif event == "sched_process_exec":
            name = text.split("filename=", 1)[1].split(" pid=")[0]
            if name.startswith(place):
                family.add(pid)
            if name == f"{place}/bin/sandboxctl" and pid in born:
                current = {"pid": pid, "begin": born[pid], "steps": {}, "command": None}
            if current and pid in family:
                if comm == "echo":
                    current["command"] = pid
                # Init is a descriptor of a program without a name
                current["steps"].setdefault(f"{'sandbox-init' if comm.isdigit() else comm} is executed", when)
        elif current and event in ("sys_enter_connect", "sys_enter_sendmsg") and pid == current["pid"]:
            if event == "sys_enter_connect":
                current["steps"].setdefault("sandboxctl connects", when)
            elif "sandbox-keeper is executed" not in current["steps"]:
                current["steps"].pop("sandboxctl has sent the call", None)
                current["steps"]["sandboxctl has sent the call"] = when
        elif current and event == "sched_process_exit" and pid == current["command"]:
            current["steps"]["echo ends"] = when
        elif current and event == "sched_process_exit" and pid == current["pid"]:
            current["steps"]["sandboxctl ends"] = when
            found.append({step: (at - current["begin"]) * 1000 for step, at in current["steps"].items()})
            current = None
    return found


def summarise(found):
    """[(step, median)] and of how many launches."""
    order, _ = collections.Counter(tuple(one) for one in found).most_common(1)[0]
    alike = [one for one in found if tuple(one) == order]
    return [(step, statistics.median(one[step] for one in alike)) for step in order], len(alike)


def table(steps):
    lines = ["| step | since the start | since the one before |", "| --- | ---: | ---: |"]
    before = 0.0
    for step, at in steps:
        lines.append(f"| {step} | {at:.2f} ms | {at - before:.2f} ms |")
        before = at
    return "\n".join(lines)


def draw(steps, number, kernel):
    """A bar for each step, from the one before to itself."""
    longest = steps[-1][1] * 1.08
    scale = (WIDTH - LABELS - 60) / longest
    height = TOP + ROW * len(steps) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
           "<title>One launch by sandboxctl run, step by step</title>", f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           '<text x="10" y="20" font-size="14" font-weight="bold">One launch by sandboxctl run, in ms since its start</text>',
           f'<text x="10" y="37" fill="#5e5c64">medians of {number}, traced; Linux {escape(kernel)}</text>']
    for tick in range(0, int(longest) + 1, max(1, int(longest / 8))):
        x = LABELS + tick * scale
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - 24}" stroke="#deddda"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle" fill="#5e5c64">{tick}</text>')
    before = 0.0
    for row, (step, at) in enumerate(steps):
        y = TOP + ROW * row + 6
        out.append(f'<text x="{LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(step)}</text>')
        out.append(f'<rect x="{LABELS + before * scale:.1f}" y="{y}" width="{max((at - before) * scale, 1):.1f}" height="{ROW - 12}" fill="#1a5fb4"/>')
        out.append(f'<text x="{LABELS + at * scale + 4:.1f}" y="{y + 14}" font-size="10">{at - before:.2f}</text>')
        before = at
    out.append("</svg>")
    return "\n".join(out) + "\n"


def make(events, place):
    """(table, picture) of @events; None where no launch is in them."""
    found = launches(events, place)
    if not found:
        return None
    steps, number = summarise(found)
    return table(steps), draw(steps, number, re.match(r"[0-9.]*", os.uname().release)[0])
